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
COMMENT 'One row for each speaker in a meeting, and transcript_label. voiced_ms is the time in which the speaker had a turn, overlap_ms the part of it in which at least one other had one too, overlap_ratio its share, 0 to 1.'
