CREATE OR REPLACE VIEW {database}.v_meetings{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    t.tenant_id AS tenant_id, t.meeting_id AS meeting_id, t.bot_id AS bot_id, t.transcript_label AS transcript_label,
    t.recording_started_at AS recording_started_at,
    uniqExact(t.speaker_id) AS speakers,
    count() AS turns,
    sum(t.word_count) AS words,
    sum(t.questions) AS questions,
    min(t.start_ms) AS first_word_ms,
    max(t.end_ms) AS last_word_ms,
    sum(t.end_ms - t.start_ms) AS talk_ms,
    sum(t.speech_ms) AS speech_ms,
    intervalLengthSum(t.start_ms, t.end_ms) AS voiced_ms,
    last_word_ms - first_word_ms - voiced_ms AS silence_ms,
    if(last_word_ms = first_word_ms, NULL, silence_ms / (last_word_ms - first_word_ms)) AS silence_ratio
FROM {database}.turns AS t FINAL
WHERE {settled}
GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at
COMMENT 'One row for each meeting a bot was in, and transcript_label. voiced_ms is the time in which at least one speaker had a turn; silence_ms is the rest between the first and the last word, and silence_ratio its share, 0 to 1; talk_ms counts time twice when two speak at once.'
