CREATE OR REPLACE VIEW {database}.v_session_events{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, stt_session_id, stream_id, epoch, transcript_label, kind, attempt, provider, model,
    language, error_class, error_code, remedy, audio_sent_ms, speech_ms, billed_ms, cost_micros, first_result_ms,
    latency_ms_p50, latency_ms_p95, event_id, occurred_at, produced_at
FROM {database}.stt_sessions FINAL
WHERE (tenant_id, bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
COMMENT 'One row for each event of a provider session: opened, ready, closed, failed, failover, throttled, alerts. Sums (audio_sent_ms, billed_ms, cost_micros) are of the session so far.';

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
FROM {database}.v_session_events AS e
WHERE e.stt_session_id != ''
GROUP BY tenant_id, meeting_id, bot_id, stt_session_id
COMMENT 'One row for each session with a speech-to-text provider. audio_sent_ms, speech_ms and billed_ms are milliseconds of audio, cost_micros is millionths of the currency of the bill, latency is milliseconds from end of speech to final, closed_at is NULL while it is open.';

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
COMMENT 'One row for each day (UTC, of the start of the session), provider, model and transcript_label. audio_sent_ms and billed_ms are milliseconds of audio, cost_micros is millionths of the currency of the bill; failovers are sessions opened here because another provider had failed; failure_rate and failover_rate are failed_sessions and failovers for each session, NULL without a session.';
