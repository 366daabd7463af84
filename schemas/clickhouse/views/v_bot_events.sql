CREATE OR REPLACE VIEW {database}.v_bot_events{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, sequence_epoch, sequence, state, previous_state, sub_code, message, remedy, platform,
    region, recording_started_at, attrs, ledger_outcome, ledger_artefact_ids, ledger_streams.stream_id,
    ledger_streams.slot, ledger_streams.participant_id, ledger_streams.epoch, ledger_streams.first_seq,
    ledger_streams.last_seq, ledger_streams.units_audio, ledger_streams.units_silence, ledger_streams.units_absent,
    ledger_streams.units_gap, ledger_streams.frames_captured_by_page, ledger_streams.ranges_sha256, event_id,
    occurred_at, produced_at
FROM {database}.bot_events FINAL
WHERE (tenant_id, bot_id, '') NOT IN {gone}
COMMENT 'One row for each step of a bot: joining, in_call_recording, call_ended, done, and notes on the way (state error). The row with state done carries the ledger: for each stream and epoch, how many 20 ms units were audio, silence, absent or lost.'
