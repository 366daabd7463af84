CREATE TABLE IF NOT EXISTS {database}.bot_events{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    event_id String,
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    produced_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    sequence UInt64 COMMENT 'Dense for each bot, from 0',
    sequence_epoch UInt32 COMMENT '+1 for every process that wrote for this bot',
    state LowCardinality(String),
    previous_state LowCardinality(String),
    sub_code LowCardinality(String) COMMENT 'Why; open set',
    message String COMMENT 'For people',
    remedy String COMMENT 'What to do about it',
    platform LowCardinality(String),
    region LowCardinality(String),
    recording_started_at Nullable(DateTime64(6, 'UTC')),
    attrs Map(LowCardinality(String), String),
    ledger_outcome LowCardinality(String) COMMENT 'With done only, as all ledger columns',
    ledger_artefact_ids Array(String),
    ledger_streams Nested
    (
        stream_id String,
        slot String,
        participant_id String,
        epoch UInt32,
        first_seq Int64,
        last_seq Int64,
        units_audio UInt64,
        units_silence UInt64,
        units_absent UInt64,
        units_gap Map(LowCardinality(String), UInt64),
        frames_captured_by_page UInt64,
        ranges_sha256 String
    ),
    log_partition UInt16,
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(produced_at)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (tenant_id, meeting_id, bot_id, sequence_epoch, sequence, event_id)
SETTINGS {deduplication_window}
COMMENT 'One row for each step of a bot (topic bot.events); read v_bot_events.'
