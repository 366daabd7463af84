CREATE TABLE IF NOT EXISTS {database}.stt_sessions{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    event_id String,
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    produced_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    stt_session_id String COMMENT 'Empty for what concerns no one session',
    stream_id LowCardinality(String),
    epoch UInt32,
    transcript_label LowCardinality(String),
    kind LowCardinality(String) COMMENT 'opened, ready, closed, failed, failover, throttled, alert_raised, alert_cleared',
    attempt UInt32 COMMENT '1 for the first since the last success',
    provider LowCardinality(String),
    model LowCardinality(String),
    language LowCardinality(String),
    error_class LowCardinality(String),
    error_code LowCardinality(String),
    remedy String,
    audio_sent_ms UInt64 COMMENT 'So far',
    speech_ms UInt64,
    billed_ms UInt64,
    cost_micros UInt64 COMMENT 'Millionths of the currency of the bill',
    first_result_ms Nullable(Int32) COMMENT 'First audio sent to first result',
    latency_ms_p50 Nullable(Int32) COMMENT 'End of speech to final',
    latency_ms_p95 Nullable(Int32),
    log_partition UInt16,
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(produced_at)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant_id, meeting_id, bot_id, stt_session_id, event_id)
SETTINGS {deduplication_window}
COMMENT 'One row for each event of a provider session (topic stt.sessions); read v_sessions.';

CREATE OR REPLACE VIEW {database}.v_sessions{on_cluster} AS
SELECT
    tenant_id, meeting_id, bot_id, stt_session_id,
    max(stream_id) AS stream_id,
    max(epoch) AS epoch,
    max(transcript_label) AS transcript_label,
    max(provider) AS provider,
    max(model) AS model,
    max(language) AS language,
    min(occurred_at) AS opened_at,
    maxOrNullIf(occurred_at, kind IN ('closed', 'failed')) AS closed_at,
    argMax(kind, (occurred_at, event_id)) AS last_kind,
    countIf(kind = 'failed') AS failures,
    argMaxIf(error_class, (occurred_at, event_id), error_class NOT IN ('', 'none')) AS error_class,
    argMaxIf(error_code, (occurred_at, event_id), error_code != '') AS error_code,
    max(attempt) AS attempt,
    max(audio_sent_ms) AS audio_sent_ms,
    max(speech_ms) AS speech_ms,
    max(billed_ms) AS billed_ms,
    max(cost_micros) AS cost_micros,
    max(first_result_ms) AS first_result_ms,
    argMax(latency_ms_p50, (occurred_at, event_id)) AS latency_ms_p50,
    argMax(latency_ms_p95, (occurred_at, event_id)) AS latency_ms_p95
FROM {database}.stt_sessions FINAL
WHERE stt_session_id != ''
GROUP BY tenant_id, meeting_id, bot_id, stt_session_id
COMMENT 'One row for each session with a speech-to-text provider. audio_sent_ms, speech_ms and billed_ms are milliseconds of audio, cost_micros is millionths of the currency of the bill, latency is milliseconds from end of speech to final, closed_at is NULL while it is open.';
