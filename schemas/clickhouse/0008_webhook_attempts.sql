CREATE TABLE IF NOT EXISTS {database}.webhook_attempts{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    delivery_id String,
    endpoint_id LowCardinality(String),
    sequence UInt64 COMMENT 'Of the delivery, for each endpoint and bot',
    event_type LowCardinality(String),
    attempt UInt32 COMMENT 'From 1',
    occurred_at DateTime64(6, 'UTC') COMMENT 'When the try began' CODEC(Delta, ZSTD(1)),
    produced_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    outcome LowCardinality(String) COMMENT 'delivered, retry, exhausted',
    status UInt16 COMMENT 'HTTP status; 0 when there was no answer',
    error_class LowCardinality(String) COMMENT 'Empty on success',
    latency_ms Int64 COMMENT 'Request to answer',
    response_snippet String CODEC(ZSTD(3)),
    next_attempt_at Nullable(DateTime64(6, 'UTC')) COMMENT 'NULL when there is none',
    log_partition UInt16,
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(produced_at)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant_id, endpoint_id, bot_id, delivery_id, attempt)
SETTINGS {deduplication_window}
COMMENT 'One row for each try at a delivery (topic webhook.attempts); read v_webhook_attempts.'
