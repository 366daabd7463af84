CREATE OR REPLACE VIEW {database}.v_participant_events{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, sequence, kind, participant_id, display_name, is_bot, source, at_ms, stream_id,
    epoch, seq_from, seq_to, attribution, attribution_confidence, event_id, occurred_at, produced_at
FROM {database}.participant_events FINAL
WHERE (tenant_id, bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
    AND (tenant_id, bot_id, participant_id) NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
COMMENT 'One row for each thing the platform said of a participant. at_ms is milliseconds since the recording started.';

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
FROM {database}.v_participant_events AS e
GROUP BY tenant_id, meeting_id, bot_id, participant_id
COMMENT 'One row for each participant a bot saw in a meeting. joined_ms is the first join (NULL: not seen) and left_ms the last leave (NULL: still there when the bot left), in milliseconds since the recording started; display_name is the last one shown.';

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
        FROM {database}.v_participant_events
        WINDOW one AS (PARTITION BY tenant_id, meeting_id, bot_id, participant_id)
    )
    WHERE kind IN ('join', 'leave')
    WINDOW following AS (
        PARTITION BY tenant_id, meeting_id, bot_id, participant_id ORDER BY sequence
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
) AS p
LEFT JOIN {database}.v_bots AS b
    ON p.tenant_id = b.tenant_id AND p.meeting_id = b.meeting_id AND p.bot_id = b.bot_id
WHERE p.kind = 'join'
COMMENT 'One row for each stay of a participant: from a join to the next leave, or to the next join when no leave was seen. left_ms is NULL when neither was seen; until_ms is then when the bot left. All in milliseconds since the recording started; present_ms is the length of the stay, NULL while it lasts.';
