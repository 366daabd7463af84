CREATE OR REPLACE VIEW {database}.v_turn_revisions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, revision, state, start_ms, end_ms, participant_id, display_name, text,
    length(words.text) AS words, arrayCount(final -> final, words.word_is_final) AS final_words, transcript_label,
    stream_id, epoch, provider, stt_session_id, recording_started_at, occurred_at, produced_at
FROM {database}.turn_revisions FINAL
WHERE (tenant_id, bot_id, '') NOT IN {gone}
    AND (tenant_id, bot_id, participant_id) NOT IN {gone}
    AND (tenant_id, bot_id, turn_id) NOT IN {gone}
COMMENT 'One row for each revision of a turn before it settled, for some days after the recording started. words and final_words are numbers of words, times are milliseconds since recording_started_at.'
