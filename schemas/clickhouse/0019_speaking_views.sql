CREATE OR REPLACE VIEW {database}.v_talk_time{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    t.tenant_id AS tenant_id, t.meeting_id AS meeting_id, t.bot_id AS bot_id, t.transcript_label AS transcript_label,
    t.recording_started_at AS recording_started_at, t.speaker_id AS speaker_id,
    argMax(t.display_name, (t.start_ms, t.turn_id)) AS display_name,
    count() AS turns,
    sum(t.words) AS words,
    sum(t.end_ms - t.start_ms) AS talk_ms,
    sum(t.speech_ms) AS speech_ms,
    if(talk_ms = 0, NULL, words * 60000 / talk_ms) AS words_per_minute,
    sum(t.questions) AS questions,
    max(t.end_ms - t.start_ms) AS longest_turn_ms
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, {speaker} AS speaker_id, start_ms, end_ms,
        turn_id, display_name, length(words.text) AS words, {speech_ms} AS speech_ms, {questions} AS questions
    FROM {database}.turns FINAL
    WHERE {settled}
) AS t
GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, speaker_id
COMMENT 'One row for each speaker in a meeting, and transcript_label. talk_ms is the sum of turns from first to last word, pauses inside included; speech_ms is the sum of words; words_per_minute is words for each minute of talk_ms; questions as in v_turns; longest_turn_ms is one turn (for a speech over several turns see v_monologues).';

CREATE OR REPLACE VIEW {database}.v_meetings{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    t.tenant_id AS tenant_id, t.meeting_id AS meeting_id, t.bot_id AS bot_id, t.transcript_label AS transcript_label,
    t.recording_started_at AS recording_started_at,
    uniqExact(t.speaker_id) AS speakers,
    count() AS turns,
    sum(t.words) AS words,
    sum(t.questions) AS questions,
    min(t.start_ms) AS first_word_ms,
    max(t.end_ms) AS last_word_ms,
    sum(t.end_ms - t.start_ms) AS talk_ms,
    sum(t.speech_ms) AS speech_ms,
    intervalLengthSum(t.start_ms, t.end_ms) AS voiced_ms,
    last_word_ms - first_word_ms - voiced_ms AS silence_ms,
    if(last_word_ms = first_word_ms, NULL, silence_ms / (last_word_ms - first_word_ms)) AS silence_ratio
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, {speaker} AS speaker_id, start_ms, end_ms,
        length(words.text) AS words, {speech_ms} AS speech_ms, {questions} AS questions
    FROM {database}.turns FINAL
    WHERE {settled}
) AS t
GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at
COMMENT 'One row for each meeting a bot was in, and transcript_label. voiced_ms is the time in which at least one speaker had a turn; silence_ms is the rest between the first and the last word, and silence_ratio its share, 0 to 1; talk_ms counts time twice when two speak at once.';

CREATE OR REPLACE VIEW {database}.v_crosstalk{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    m.tenant_id AS tenant_id, m.meeting_id AS meeting_id, m.bot_id AS bot_id, m.transcript_label AS transcript_label,
    m.recording_started_at AS recording_started_at, speaker AS speaker_id,
    arrayReduce(
        'intervalLengthSum', arrayFilter((ms, who) -> who = speaker, m.starts, m.speakers),
        arrayFilter((ms, who) -> who = speaker, m.ends, m.speakers)) AS voiced_ms,
    voiced_ms
        + arrayReduce(
            'intervalLengthSum', arrayFilter((ms, who) -> who != speaker, m.starts, m.speakers),
            arrayFilter((ms, who) -> who != speaker, m.ends, m.speakers))
        - m.all_voiced_ms AS overlap_ms,
    if(voiced_ms = 0, NULL, overlap_ms / voiced_ms) AS overlap_ratio
FROM
(
    SELECT
        t.tenant_id AS tenant_id, t.meeting_id AS meeting_id, t.bot_id AS bot_id,
        t.transcript_label AS transcript_label, t.recording_started_at AS recording_started_at,
        groupArray(t.speaker_id) AS speakers, groupArray(t.start_ms) AS starts, groupArray(t.end_ms) AS ends,
        intervalLengthSum(t.start_ms, t.end_ms) AS all_voiced_ms
    FROM
    (
        SELECT
            tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, {speaker} AS speaker_id, start_ms, end_ms
        FROM {database}.turns FINAL
        WHERE {settled}
    ) AS t
    GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at
) AS m
ARRAY JOIN arrayDistinct(m.speakers) AS speaker
COMMENT 'One row for each speaker in a meeting, and transcript_label. voiced_ms is the time in which the speaker had a turn, overlap_ms the part of it in which at least one other had one too, overlap_ratio its share, 0 to 1.';

-- A turn lies in every minute it touches, so it meets only the turns that begin in one of them.
CREATE OR REPLACE VIEW {database}.v_interruptions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    a.tenant_id AS tenant_id, a.meeting_id AS meeting_id, a.bot_id AS bot_id, a.transcript_label AS transcript_label,
    a.recording_started_at AS recording_started_at, a.speaker_id AS speaker_id, a.display_name AS display_name,
    a.turn_id AS turn_id, b.speaker_id AS by_speaker_id, b.display_name AS by_display_name, b.turn_id AS by_turn_id,
    b.start_ms AS at_ms,
    least(a.end_ms, b.end_ms) - b.start_ms AS overlap_ms,
    b.end_ms > a.end_ms AS took_floor
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, {speaker} AS speaker_id, start_ms, end_ms,
        turn_id, display_name,
        arrayJoin(range(toInt64(floor(start_ms / 60000)), toInt64(floor(end_ms / 60000)) + 1)) AS minute
    FROM {database}.turns FINAL
    WHERE {settled}
) AS a
INNER JOIN
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, {speaker} AS speaker_id, start_ms, end_ms,
        turn_id, display_name, toInt64(floor(start_ms / 60000)) AS minute
    FROM {database}.turns FINAL
    WHERE {settled}
) AS b
    ON a.tenant_id = b.tenant_id AND a.meeting_id = b.meeting_id AND a.bot_id = b.bot_id
    AND a.transcript_label = b.transcript_label AND a.recording_started_at = b.recording_started_at
    AND a.minute = b.minute
WHERE a.speaker_id != b.speaker_id AND b.start_ms < a.end_ms AND (a.start_ms, a.turn_id) < (b.start_ms, b.turn_id)
COMMENT 'One row for each time a speaker (by_speaker_id) began while another (speaker_id) had a turn. at_ms is when, in milliseconds since recording_started_at; overlap_ms is how long both went on; took_floor is true when the second one still spoke after the first had ended: an interruption rather than a word of assent.';

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
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, {speaker} AS speaker_id, start_ms, end_ms,
        display_name, turn_id, length(words.text) AS words,
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
COMMENT 'One row for each run of turns of one speaker in which nobody else began a turn. monologue_ms is milliseconds from its first to its last word. Example, the longest: SELECT display_name, monologue_ms FROM v_monologues WHERE bot_id = ''bot_1'' ORDER BY monologue_ms DESC LIMIT 1';
