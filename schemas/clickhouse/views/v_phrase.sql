-- The index finds the meetings, the substring decides, and the neighbours in the meeting are the context.
CREATE OR REPLACE VIEW {database}.v_phrase{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, turn_id, start_ms, end_ms, speaker_id,
    display_name, text, before_speaker, before_text, after_speaker, after_text
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, transcript_label, recording_started_at, turn_id, start_ms, end_ms, speaker_id,
        display_name, text,
        lagInFrame(display_name) OVER meeting AS before_speaker,
        lagInFrame(text) OVER meeting AS before_text,
        leadInFrame(display_name) OVER meeting AS after_speaker,
        leadInFrame(text) OVER meeting AS after_text
    FROM {database}.v_turns
    WHERE tenant_id = {tenant:String}
        AND (meeting_id, bot_id) IN (
            SELECT meeting_id, bot_id
            FROM {database}.turns
            WHERE tenant_id = {tenant:String} AND {may_hold_phrase}
                AND positionCaseInsensitiveUTF8(text, {phrase:String}) > 0)
    WINDOW meeting AS (
        PARTITION BY tenant_id, meeting_id, bot_id, transcript_label ORDER BY start_ms, turn_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
WHERE positionCaseInsensitiveUTF8(text, {phrase:String}) > 0
COMMENT 'One row for each settled turn of a tenant that holds a phrase, letters large or small, with the turn before and the turn after in the same transcript (empty at its ends). The phrase is whole words. Example: SELECT meeting_id, start_ms, display_name, text FROM v_phrase(tenant = ''default'', phrase = ''blue whale'') ORDER BY recording_started_at, start_ms'
