CREATE OR REPLACE VIEW {database}.v_talk_time{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    t.tenant_id AS tenant_id, t.meeting_id AS meeting_id, t.bot_id AS bot_id, t.transcript_label AS transcript_label,
    t.recording_started_at AS recording_started_at, t.speaker_id AS speaker_id,
    argMax(t.display_name, (t.start_ms, t.turn_id)) AS display_name,
    count() AS turns,
    sum(t.word_count) AS words,
    sum(t.end_ms - t.start_ms) AS talk_ms,
    sum(t.speech_ms) AS speech_ms,
    if(talk_ms = 0, NULL, words * 60000 / talk_ms) AS words_per_minute,
    sum(t.questions) AS questions,
    max(t.end_ms - t.start_ms) AS longest_turn_ms
FROM {database}.turns AS t FINAL
WHERE {settled}
GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, speaker_id
COMMENT 'One row for each speaker in a meeting, and transcript_label. talk_ms is the sum of turns from first to last word, pauses inside included; speech_ms is the sum of words; words_per_minute is words for each minute of talk_ms; questions as in v_turns; longest_turn_ms is one turn (for a speech over several turns see v_monologues).'
