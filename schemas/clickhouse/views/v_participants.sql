CREATE OR REPLACE VIEW {database}.v_participants{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.meeting_id AS meeting_id, e.bot_id AS bot_id, e.participant_id AS participant_id,
    argMaxIf(e.display_name, e.sequence, isNotNull(e.display_name)) AS display_name,
    max(e.is_bot) AS is_bot,
    minOrNullIf(e.at_ms, e.kind = 'join') AS joined_ms,
    if(argMaxIf(e.kind, e.sequence, e.kind IN ('join', 'leave')) = 'leave', maxIf(e.at_ms, e.kind = 'leave'), NULL)
        AS left_ms,
    countIf(e.kind = 'join') AS joins,
    countIf(e.kind = 'mute') AS mutes
FROM {database}.participant_events AS e FINAL
WHERE (e.tenant_id, e.bot_id, '') NOT IN {gone}
    AND (e.tenant_id, e.bot_id, e.participant_id) NOT IN {gone}
GROUP BY tenant_id, meeting_id, bot_id, participant_id
COMMENT 'One row for each participant a bot saw in a meeting. joined_ms is the first join (NULL: not seen) and left_ms the last leave (NULL: still there when the bot left), in milliseconds since the recording started; display_name is the last one shown.'
