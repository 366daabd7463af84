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
COMMENT 'One row for each event of a provider session (topic stt.sessions); read v_sessions.'
