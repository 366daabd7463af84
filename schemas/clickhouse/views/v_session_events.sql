CREATE OR REPLACE VIEW {database}.v_session_events{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, stt_session_id, stream_id, epoch, transcript_label, kind, attempt, provider, model,
    language, error_class, error_code, remedy, audio_sent_ms, speech_ms, billed_ms, cost_micros, first_result_ms,
    latency_ms_p50, latency_ms_p95, event_id, occurred_at, produced_at
FROM {database}.stt_sessions FINAL
WHERE (tenant_id, bot_id, '') NOT IN {gone}
COMMENT 'One row for each event of a provider session: opened, ready, closed, failed, failover, throttled, alerts. ready comes again for every minute the session is open. Sums (audio_sent_ms, billed_ms, cost_micros) are of the session so far.'
