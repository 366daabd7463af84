CREATE OR REPLACE VIEW {database}.v_sessions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.meeting_id AS meeting_id, e.bot_id AS bot_id, e.stt_session_id AS stt_session_id,
    max(e.stream_id) AS stream_id,
    max(e.epoch) AS epoch,
    max(e.transcript_label) AS transcript_label,
    max(e.provider) AS provider,
    max(e.model) AS model,
    max(e.language) AS language,
    min(e.occurred_at) AS opened_at,
    maxOrNullIf(e.occurred_at, e.kind IN ('closed', 'failed')) AS closed_at,
    argMax(e.kind, (e.occurred_at, e.event_id)) AS last_kind,
    countIf(e.kind = 'failed') AS failures,
    argMaxIf(e.error_class, (e.occurred_at, e.event_id), e.error_class NOT IN ('', 'none')) AS error_class,
    argMaxIf(e.error_code, (e.occurred_at, e.event_id), e.error_code != '') AS error_code,
    max(e.attempt) AS attempt,
    max(e.audio_sent_ms) AS audio_sent_ms,
    max(e.speech_ms) AS speech_ms,
    max(e.billed_ms) AS billed_ms,
    max(e.cost_micros) AS cost_micros,
    max(e.first_result_ms) AS first_result_ms,
    argMax(e.latency_ms_p50, (e.occurred_at, e.event_id)) AS latency_ms_p50,
    argMax(e.latency_ms_p95, (e.occurred_at, e.event_id)) AS latency_ms_p95
FROM {database}.stt_sessions AS e FINAL
WHERE (e.tenant_id, e.bot_id, '') NOT IN {gone}
    AND e.stt_session_id != ''
GROUP BY tenant_id, meeting_id, bot_id, stt_session_id
COMMENT 'One row for each session with a speech-to-text provider. audio_sent_ms, speech_ms and billed_ms are milliseconds of audio, cost_micros is millionths of the currency of the bill, latency is milliseconds from end of speech to final, closed_at is NULL while it is open.'
