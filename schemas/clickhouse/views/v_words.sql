CREATE OR REPLACE VIEW {database}.v_words{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, word_index, word, word_start_ms AS start_ms,
    word_end_ms AS end_ms, word_confidence AS confidence, word_speaker_label AS speaker_label, participant_id,
    display_name, language, transcript_label, recording_started_at,
    speaker_id
FROM {database}.turns FINAL
ARRAY JOIN
    arrayEnumerate(words.text) AS word_index,
    words.text AS word,
    words.start_ms AS word_start_ms,
    words.end_ms AS word_end_ms,
    words.confidence AS word_confidence,
    words.speaker_label AS word_speaker_label
WHERE {settled}
COMMENT 'One row for each word of a settled turn. word_index counts from 1 within the turn, times are milliseconds since recording_started_at, confidence is 0 to 1 or NULL, transcript_label is live, or the name of a backfill. Example, the words somebody is least sure of: SELECT word, confidence FROM v_words WHERE bot_id = ''bot_1'' ORDER BY confidence LIMIT 10'
