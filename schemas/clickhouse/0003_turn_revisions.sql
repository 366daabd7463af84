-- What was on the screen while people spoke: to study how partials behave, not to keep.
CREATE TABLE IF NOT EXISTS {database}.turn_revisions{on_cluster} AS {database}.turns
ENGINE = {replicated}ReplacingMergeTree(produced_at)
PARTITION BY toDate(recording_started_at)
ORDER BY (tenant_id, meeting_id, bot_id, turn_id, revision)
TTL toDateTime(recording_started_at) + INTERVAL 7 DAY
SETTINGS {deduplication_window}{small_granules}, ttl_only_drop_parts = 1
COMMENT 'One row for each revision of a turn before it settled (topic transcript.partials), kept for 7 days.';

CREATE OR REPLACE VIEW {database}.v_turn_revisions{on_cluster} AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, state, start_ms, end_ms, participant_id, display_name, text,
    length(words.text) AS words, arrayCount(final -> final, words.word_is_final) AS final_words, transcript_label,
    stream_id, epoch, provider, stt_session_id, recording_started_at, occurred_at, produced_at
FROM {database}.turn_revisions FINAL
COMMENT 'One row for each revision of a turn before it settled, for 7 days after the recording started. words and final_words are numbers of words, times are milliseconds since recording_started_at.';
