CREATE OR REPLACE VIEW {database}.v_participant_events{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, sequence, kind, participant_id, display_name, is_bot, source, at_ms, stream_id,
    epoch, seq_from, seq_to, attribution, attribution_confidence, event_id, occurred_at, produced_at
FROM {database}.participant_events FINAL
WHERE (tenant_id, bot_id, '') NOT IN {gone}
    AND (tenant_id, bot_id, participant_id) NOT IN {gone}
COMMENT 'One row for each thing the platform said of a participant. at_ms is milliseconds since the recording started.'
