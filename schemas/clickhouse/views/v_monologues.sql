CREATE OR REPLACE VIEW {database}.v_monologues{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    r.tenant_id AS tenant_id, r.meeting_id AS meeting_id, r.bot_id AS bot_id, r.transcript_label AS transcript_label,
    r.recording_started_at AS recording_started_at, r.speaker_id AS speaker_id,
    argMax(r.display_name, (r.start_ms, r.turn_id)) AS display_name,
    min(r.start_ms) AS first_word_ms,
    max(r.end_ms) AS last_word_ms,
    last_word_ms - first_word_ms AS monologue_ms,
    count() AS turns,
    sum(r.words) AS words
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, speaker_id, start_ms, end_ms,
        display_name, turn_id, word_count AS words,
        row_number() OVER (
            PARTITION BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at
            ORDER BY start_ms, turn_id)
        - row_number() OVER (
            PARTITION BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, speaker_id
            ORDER BY start_ms, turn_id) AS run
    FROM {database}.turns FINAL
    WHERE {settled}
) AS r
GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, speaker_id, r.run
COMMENT 'One row for each run of turns of one speaker in which nobody else began a turn. monologue_ms is milliseconds from its first to its last word. Example, the longest: SELECT display_name, monologue_ms FROM v_monologues WHERE bot_id = ''bot_1'' ORDER BY monologue_ms DESC LIMIT 1'
