CREATE OR REPLACE VIEW {database}.v_turns{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, start_ms, end_ms, participant_id, display_name, text, language,
    length(words.text) AS words, transcript_label, stream_id, epoch, speaker_label, attribution,
    attribution_confidence, overlaps, reason, provider, stt_session_id, recording_started_at,
    recording_started_at + toIntervalMillisecond(start_ms) AS started_at, seq_from, seq_to, occurred_at, produced_at,
    {speaker} AS speaker_id,
    {speech_ms} AS speech_ms,
    {questions} AS questions
FROM {database}.turns FINAL
WHERE {settled}
ORDER BY tenant_id, meeting_id, bot_id, start_ms, end_ms, turn_id
COMMENT 'The transcript. One row for each settled turn of one speaker, in the order they began. start_ms and end_ms are milliseconds since recording_started_at; words is a number of words; speech_ms is the length of its words without the pauses between them; speaker_id is the participant, or the voice when nobody is known for it; questions is the number of question marks, or 1 for a turn without any punctuation that begins with an English question word. transcript_label is live, or the name of a backfill: choose one. Example: SELECT start_ms, display_name, text FROM v_turns WHERE bot_id = ''bot_1''';

CREATE OR REPLACE VIEW {database}.v_words{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, word_index, word, word_start_ms AS start_ms,
    word_end_ms AS end_ms, word_confidence AS confidence, word_speaker_label AS speaker_label, participant_id,
    display_name, language, transcript_label, recording_started_at,
    {speaker} AS speaker_id
FROM {database}.turns FINAL
ARRAY JOIN
    arrayEnumerate(words.text) AS word_index,
    words.text AS word,
    words.start_ms AS word_start_ms,
    words.end_ms AS word_end_ms,
    words.confidence AS word_confidence,
    words.speaker_label AS word_speaker_label
WHERE {settled}
COMMENT 'One row for each word of a settled turn. word_index counts from 1 within the turn, times are milliseconds since recording_started_at, confidence is 0 to 1 or NULL, transcript_label is live, or the name of a backfill. Example, the words somebody is least sure of: SELECT word, confidence FROM v_words WHERE bot_id = ''bot_1'' ORDER BY confidence LIMIT 10';

CREATE OR REPLACE VIEW {database}.v_turn_revisions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, state, start_ms, end_ms, participant_id, display_name, text,
    length(words.text) AS words, arrayCount(final -> final, words.word_is_final) AS final_words, transcript_label,
    stream_id, epoch, provider, stt_session_id, recording_started_at, occurred_at, produced_at
FROM {database}.turn_revisions FINAL
WHERE (tenant_id, bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
    AND (tenant_id, bot_id, participant_id) NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
    AND (tenant_id, bot_id, turn_id) NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
COMMENT 'One row for each revision of a turn before it settled, for some days after the recording started. words and final_words are numbers of words, times are milliseconds since recording_started_at.';
