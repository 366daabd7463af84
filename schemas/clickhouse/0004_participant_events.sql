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
COMMENT 'One row for each participant event (topic meeting.participants); read v_participant_events and v_participants.';

CREATE OR REPLACE VIEW {database}.v_participant_events{on_cluster} AS
SELECT
    tenant_id, meeting_id, bot_id, sequence, kind, participant_id, display_name, is_bot, source, at_ms, stream_id,
    epoch, seq_from, seq_to, attribution, attribution_confidence, event_id, occurred_at, produced_at
FROM {database}.participant_events FINAL
COMMENT 'One row for each thing the platform said of a participant. at_ms is milliseconds since the recording started.';

CREATE OR REPLACE VIEW {database}.v_participants{on_cluster} AS
SELECT
    tenant_id, meeting_id, bot_id, participant_id,
    argMaxIf(display_name, sequence, isNotNull(display_name)) AS display_name,
    max(is_bot) AS is_bot,
    minOrNullIf(at_ms, kind = 'join') AS joined_ms,
    if(argMaxIf(kind, sequence, kind IN ('join', 'leave')) = 'leave', maxIf(at_ms, kind = 'leave'), NULL) AS left_ms,
    countIf(kind = 'join') AS joins,
    countIf(kind = 'mute') AS mutes
FROM {database}.v_participant_events
GROUP BY tenant_id, meeting_id, bot_id, participant_id
COMMENT 'One row for each participant a bot saw in a meeting. joined_ms is the first join (NULL: not seen) and left_ms the last leave (NULL: still there when the bot left), in milliseconds since the recording started; display_name is the last one shown.';
