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
COMMENT 'One row for each turn (topic transcript.turns), last revision wins; read v_turns.';

CREATE OR REPLACE VIEW {database}.v_turns{on_cluster} AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, start_ms, end_ms, participant_id, display_name, text, language,
    length(words.text) AS words, transcript_label, stream_id, epoch, speaker_label, attribution,
    attribution_confidence, overlaps, reason, provider, stt_session_id, recording_started_at,
    recording_started_at + toIntervalMillisecond(start_ms) AS started_at, seq_from, seq_to, occurred_at, produced_at
FROM {database}.turns FINAL
WHERE state = 'end_of_turn'
ORDER BY tenant_id, meeting_id, bot_id, start_ms, end_ms, turn_id
COMMENT 'The transcript. One row for each settled turn of one speaker, in the order they began. start_ms and end_ms are milliseconds since recording_started_at, words is a number of words. Example: SELECT start_ms, display_name, text FROM v_turns WHERE bot_id = ''bot_1''';

CREATE OR REPLACE VIEW {database}.v_words{on_cluster} AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, word_index, word, word_start_ms AS start_ms,
    word_end_ms AS end_ms, word_confidence AS confidence, word_speaker_label AS speaker_label, participant_id,
    display_name, language, transcript_label, recording_started_at
FROM {database}.turns FINAL
ARRAY JOIN
    arrayEnumerate(words.text) AS word_index,
    words.text AS word,
    words.start_ms AS word_start_ms,
    words.end_ms AS word_end_ms,
    words.confidence AS word_confidence,
    words.speaker_label AS word_speaker_label
WHERE state = 'end_of_turn'
COMMENT 'One row for each word of a settled turn. word_index counts from 1 within the turn, times are milliseconds since recording_started_at, confidence is 0 to 1 or NULL. Example, words per minute of speech: SELECT display_name, count() * 60000 / sum(end_ms - start_ms) FROM v_words WHERE bot_id = ''bot_1'' GROUP BY display_name';
