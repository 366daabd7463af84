-- Turns are the truth and words are a view of them, so a revision with fewer words leaves none behind.
-- The partition is the month the recording started in: it never changes for a turn, whatever is revised.
CREATE TABLE IF NOT EXISTS {database}.turns{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    event_id String,
    occurred_at DateTime64(6, 'UTC') COMMENT 'When it happened' CODEC(Delta, ZSTD(1)),
    produced_at DateTime64(6, 'UTC') COMMENT 'When this revision was made' CODEC(Delta, ZSTD(1)),
    recording_started_at DateTime64(6, 'UTC') COMMENT 'Zero of every _ms column' CODEC(Delta, ZSTD(1)),
    turn_id String,
    revision UInt32 COMMENT 'The highest one wins',
    state LowCardinality(String) COMMENT 'partial, final, end_of_turn',
    stream_id LowCardinality(String) COMMENT 'The voice',
    epoch UInt32,
    participant_id LowCardinality(String) COMMENT 'Who; empty when not known',
    speaker_label LowCardinality(String) COMMENT 'Diarisation; empty without',
    attribution LowCardinality(String) COMMENT 'How the participant is known',
    attribution_confidence Float32 COMMENT '0 to 1',
    display_name LowCardinality(String) COMMENT 'Name at the time; empty when not known',
    language LowCardinality(String) COMMENT 'BCP 47, or empty',
    text String COMMENT 'The words, joined' CODEC(ZSTD(3)),
    words Nested
    (
        text LowCardinality(String),
        start_ms Int32,
        end_ms Int32,
        confidence Nullable(Float32),
        word_is_final Bool,
        speaker_label LowCardinality(String)
    ),
    start_ms Int32 COMMENT 'Start of the first word',
    end_ms Int32 COMMENT 'End of the last word',
    seq_from Int64 COMMENT 'First 20 ms unit of the audio it was made from',
    seq_to Int64 COMMENT 'Last one, not included',
    provider LowCardinality(String),
    stt_session_id String,
    reason LowCardinality(String) COMMENT 'Why it ended',
    transcript_label LowCardinality(String) COMMENT 'live, or the name of a backfill',
    overlaps Array(String) COMMENT 'Participants who spoke at the same time',
    log_partition UInt16 COMMENT 'Where the record lies on its topic',
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    INDEX ix_meeting meeting_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(recording_started_at)
ORDER BY (tenant_id, meeting_id, bot_id, turn_id)
SETTINGS {deduplication_window}{small_granules}
COMMENT 'One row for each turn (topic transcript.turns), last revision wins; read v_turns.'
