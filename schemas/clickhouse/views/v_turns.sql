CREATE OR REPLACE VIEW {database}.v_turns{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, start_ms, end_ms, participant_id, display_name, text, language,
    word_count AS words, transcript_label, stream_id, epoch, speaker_label, attribution, attribution_confidence, overlaps,
    reason, provider, stt_session_id, recording_started_at,
    recording_started_at + toIntervalMillisecond(start_ms) AS started_at, seq_from, seq_to, occurred_at, produced_at,
    speaker_id, speech_ms, questions
FROM {database}.turns FINAL
WHERE {settled}
ORDER BY tenant_id, meeting_id, bot_id, start_ms, end_ms, turn_id
COMMENT 'The transcript. One row for each settled turn of one speaker, in the order they began. start_ms and end_ms are milliseconds since recording_started_at; words is a number of words; speech_ms is the length of its words without the pauses between them; speaker_id is the participant, or the voice when nobody is known for it; questions is the number of question marks, or 1 for a turn without any punctuation that begins with an English question word. transcript_label is live, or the name of a backfill: choose one. Example: SELECT start_ms, display_name, text FROM v_turns WHERE bot_id = ''bot_1'
