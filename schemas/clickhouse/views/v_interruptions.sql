-- A turn lies in every minute it touches, so it meets only the turns that begin in one of them.
CREATE OR REPLACE VIEW {database}.v_interruptions{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    m.tenant_id AS tenant_id, m.meeting_id AS meeting_id, m.bot_id AS bot_id, m.transcript_label AS transcript_label,
    m.recording_started_at AS recording_started_at, pair.1.3 AS speaker_id, pair.1.5 AS display_name,
    pair.1.4 AS turn_id, pair.2.3 AS by_speaker_id, pair.2.5 AS by_display_name, pair.2.4 AS by_turn_id,
    pair.2.1 AS at_ms,
    least(pair.1.2, pair.2.2) - pair.2.1 AS overlap_ms,
    pair.2.2 > pair.1.2 AS took_floor
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at,
        arrayJoin(range(toInt64(floor(start_ms / 60000)), toInt64(floor(end_ms / 60000)) + 1)) AS minute,
        groupArray((start_ms, end_ms, speaker_id, turn_id, display_name)) AS turns
    FROM {database}.turns FINAL
    WHERE {settled}
    GROUP BY tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, minute
) AS m
ARRAY JOIN arrayFlatten(arrayMap(
    one -> arrayMap(
        other -> (one, other),
        arrayFilter(
            other -> other.3 != one.3 AND other.1 < one.2 AND (one.1, one.4) < (other.1, other.4)
                AND toInt64(floor(other.1 / 60000)) = minute,
            turns)),
    turns)) AS pair
COMMENT 'One row for each time a speaker (by_speaker_id) began while another (speaker_id) had a turn. at_ms is when, in milliseconds since recording_started_at; overlap_ms is how long both went on; took_floor is true when the second one still spoke after the first had ended: an interruption rather than a word of assent.'
