CREATE OR REPLACE VIEW {database}.v_provider_costs{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    s.tenant_id AS tenant_id, s.day AS day, s.provider AS provider, s.model AS model,
    s.transcript_label AS transcript_label,
    countIf(s.stt_session_id != '') AS sessions,
    countIf(s.stt_session_id != '' AND s.failed > 0) AS failed_sessions,
    sum(s.failovers) AS failovers,
    sum(s.throttled) AS throttles,
    if(sessions = 0, NULL, failed_sessions / sessions) AS failure_rate,
    if(sessions = 0, NULL, failovers / sessions) AS failover_rate,
    sum(s.audio_sent_ms) AS audio_sent_ms,
    sum(s.billed_ms) AS billed_ms,
    sum(s.cost_micros) AS cost_micros,
    if(billed_ms = 0, NULL, cost_micros * 3600000 / billed_ms) AS cost_micros_per_billed_hour
FROM
(
    SELECT
        e.tenant_id AS tenant_id, toDate(min(e.occurred_at)) AS day, e.provider AS provider, e.model AS model,
        e.transcript_label AS transcript_label, e.stt_session_id AS stt_session_id,
        countIf(e.kind = 'failed') AS failed,
        countIf(e.kind = 'failover') AS failovers,
        countIf(e.kind = 'throttled') AS throttled,
        max(e.audio_sent_ms) AS audio_sent_ms,
        max(e.billed_ms) AS billed_ms,
        max(e.cost_micros) AS cost_micros
    FROM {database}.v_session_events AS e
    GROUP BY tenant_id, e.meeting_id, e.bot_id, provider, model, transcript_label, stt_session_id
) AS s
GROUP BY tenant_id, day, provider, model, transcript_label
COMMENT 'One row for each day (UTC, of the start of the session), provider, model and transcript_label. audio_sent_ms and billed_ms are milliseconds of audio, cost_micros is millionths of the currency of the bill; failovers are sessions opened here because another provider had failed; failure_rate and failover_rate are failed_sessions and failovers for each session, NULL without a session.'
