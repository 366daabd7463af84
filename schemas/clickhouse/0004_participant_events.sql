CREATE TABLE IF NOT EXISTS {database}.participant_events{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    event_id String,
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    produced_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    sequence UInt64 COMMENT 'Dense for each bot, from 0',
    kind LowCardinality(String) COMMENT 'join, leave, rename, mute, unmute, speech_on, speech_off, …',
    participant_id String COMMENT 'Stable within the meeting',
    display_name Nullable(String) COMMENT 'As the platform showed it; NULL when the event does not say',
    is_bot Bool,
    source LowCardinality(String) COMMENT 'Where it was read',
    at_ms Int64 COMMENT 'Milliseconds since the recording started; negative before',
    stream_id LowCardinality(String) COMMENT 'stream_attributed: which stream is theirs',
    epoch Nullable(UInt32),
    seq_from Nullable(Int64),
    seq_to Nullable(Int64),
    attribution LowCardinality(String),
    attribution_confidence Float32,
    log_partition UInt16,
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(produced_at)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant_id, meeting_id, bot_id, sequence, event_id)
SETTINGS {deduplication_window}
COMMENT 'One row for each participant event (topic meeting.participants); read v_participant_events and v_participants.'
