CREATE TABLE IF NOT EXISTS {database}.quality_windows{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    event_id String,
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    produced_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    stream_id LowCardinality(String),
    epoch UInt32,
    window_ms Int64 COMMENT 'Start of the window on the media time of the epoch' CODEC(DoubleDelta, ZSTD(1)),
    window_length_ms UInt32 COMMENT '10000, less for the last one',
    revision UInt32 COMMENT 'The highest one wins',
    units_expected UInt32 COMMENT '20 ms units the window has',
    units_received UInt32,
    units_duplicate UInt32,
    units_late UInt32,
    units_reordered UInt32,
    units_silence UInt32,
    units_absent UInt32,
    units_gap Map(LowCardinality(String), UInt64) COMMENT 'Lost units by cause',
    units_clipped UInt32,
    level_dbfs Nullable(Float32),
    drift_ppm Float32,
    capture_to_kafka_ms_p50 Nullable(Float32),
    capture_to_kafka_ms_p99 Nullable(Float32),
    log_partition UInt16,
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant_id, meeting_id, bot_id, stream_id, epoch, window_ms)
SETTINGS {deduplication_window}
COMMENT 'One row for each 10 s window of a stream (topic audio.quality); read v_quality.'
