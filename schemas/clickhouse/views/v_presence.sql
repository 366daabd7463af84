CREATE OR REPLACE VIEW {database}.v_presence{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    p.tenant_id AS tenant_id, p.meeting_id AS meeting_id, p.bot_id AS bot_id, p.participant_id AS participant_id,
    p.display_name AS display_name, p.is_bot AS is_bot, p.at_ms AS joined_ms,
    if(p.next_kind = '', NULL, p.next_ms) AS left_ms,
    coalesce(
        if(p.next_kind = '', NULL, p.next_ms),
        intDiv(toUnixTimestamp64Micro(b.left_at) - toUnixTimestamp64Micro(b.recording_started_at), 1000)) AS until_ms,
    until_ms - joined_ms AS present_ms
FROM
(
    SELECT
        tenant_id, meeting_id, bot_id, participant_id, display_name, is_bot, kind, at_ms,
        leadInFrame(at_ms) OVER following AS next_ms,
        leadInFrame(kind) OVER following AS next_kind
    FROM
    (
        SELECT
            tenant_id, meeting_id, bot_id, participant_id, sequence, toString(kind) AS kind, at_ms,
            argMaxIf(display_name, sequence, isNotNull(display_name)) OVER one AS display_name,
            max(is_bot) OVER one AS is_bot
        FROM {database}.participant_events FINAL
        WHERE (tenant_id, bot_id, '') NOT IN {gone}
            AND (tenant_id, bot_id, participant_id) NOT IN {gone}
        WINDOW one AS (PARTITION BY tenant_id, meeting_id, bot_id, participant_id)
    )
    WHERE kind IN ('join', 'leave')
    WINDOW following AS (
        PARTITION BY tenant_id, meeting_id, bot_id, participant_id ORDER BY sequence
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
) AS p
LEFT JOIN
(
    SELECT
        tenant_id, meeting_id, bot_id, min(recording_started_at) AS recording_started_at,
        minOrNullIf(occurred_at, state IN ('leaving', 'call_ended', 'fatal', 'done')) AS left_at
    FROM {database}.bot_events FINAL
    GROUP BY tenant_id, meeting_id, bot_id
) AS b
    ON p.tenant_id = b.tenant_id AND p.meeting_id = b.meeting_id AND p.bot_id = b.bot_id
WHERE p.kind = 'join'
COMMENT 'One row for each stay of a participant: from a join to the next leave, or to the next join when no leave was seen. left_ms is NULL when neither was seen; until_ms is then when the bot left. All in milliseconds since the recording started; present_ms is the length of the stay, NULL while it lasts.'
