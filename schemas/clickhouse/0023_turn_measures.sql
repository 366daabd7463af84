-- What the views ask of every turn is worked out once, when it is written. Turns of before are worked out when they are read.
ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS speaker_id LowCardinality(String) MATERIALIZED
    multiIf(participant_id != '', participant_id, speaker_label != '', concat(stream_id, '/', speaker_label), stream_id)
    COMMENT 'The participant, or the voice when nobody is known for it';

ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS word_count UInt32 MATERIALIZED length(words.text);

ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS speech_ms Int64 MATERIALIZED {speech_ms}
    COMMENT 'Length of the words without the pauses between them';

ALTER TABLE {database}.turns{on_cluster} ADD COLUMN IF NOT EXISTS questions UInt32 MATERIALIZED {questions}
    COMMENT 'Question marks, or 1 for a turn without any punctuation that begins with an English question word';

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
COMMENT 'The transcript. One row for each settled turn of one speaker, in the order they began. start_ms and end_ms are milliseconds since recording_started_at; words is a number of words; speech_ms is the length of its words without the pauses between them; speaker_id is the participant, or the voice when nobody is known for it; questions is the number of question marks, or 1 for a turn without any punctuation that begins with an English question word. transcript_label is live, or the name of a backfill: choose one. Example: SELECT start_ms, display_name, text FROM v_turns WHERE bot_id = ''bot_1';

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
COMMENT 'One row for each word of a settled turn. word_index counts from 1 within the turn, times are milliseconds since recording_started_at, confidence is 0 to 1 or NULL, transcript_label is live, or the name of a backfill. Example, the words somebody is least sure of: SELECT word, confidence FROM v_words WHERE bot_id = ''bot_1'' ORDER BY confidence LIMIT 10';

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
COMMENT 'One row for each speaker in a meeting, and transcript_label. talk_ms is the sum of turns from first to last word, pauses inside included; speech_ms is the sum of words; words_per_minute is words for each minute of talk_ms; questions as in v_turns; longest_turn_ms is one turn (for a speech over several turns see v_monologues).';

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
    FROM {database}.turns AS t FINAL
    WHERE {settled}
    GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at
) AS m
ARRAY JOIN arrayDistinct(m.speakers) AS speaker
COMMENT 'One row for each speaker in a meeting, and transcript_label. voiced_ms is the time in which the speaker had a turn, overlap_ms the part of it in which at least one other had one too, overlap_ratio its share, 0 to 1.';

-- A turn lies in every minute it touches, so it meets only the turns that begin in one of them.
CREATE OR REPLACE VIEW {database}.v_interruptions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, a.3 AS speaker_id, a.5 AS display_name,
    a.4 AS turn_id, b.3 AS by_speaker_id, b.5 AS by_display_name, b.4 AS by_turn_id, b.1 AS at_ms,
    least(a.2, b.2) - b.1 AS overlap_ms,
    b.2 > a.2 AS took_floor
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, a,
        arrayJoin(arrayFilter(
            b -> b.3 != a.3 AND b.1 < a.2 AND (a.1, a.4) < (b.1, b.4) AND toInt64(floor(b.1 / 60000)) = minute, turns)) AS b
    FROM
    (
        SELECT
            tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, minute,
            groupArray((start_ms, end_ms, speaker_id, turn_id, display_name)) AS turns
        FROM
        (
            SELECT
                tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, speaker_id, start_ms,
                end_ms, turn_id, display_name,
                arrayJoin(range(toInt64(floor(start_ms / 60000)), toInt64(floor(end_ms / 60000)) + 1)) AS minute
            FROM {database}.turns FINAL
            WHERE {settled}
        )
        GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, minute
    )
    ARRAY JOIN turns AS a
)
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
COMMENT 'One row for each run of turns of one speaker in which nobody else began a turn. monologue_ms is milliseconds from its first to its last word. Example, the longest: SELECT display_name, monologue_ms FROM v_monologues WHERE bot_id = ''bot_1'' ORDER BY monologue_ms DESC LIMIT 1';
