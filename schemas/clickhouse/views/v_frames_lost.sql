CREATE OR REPLACE VIEW {database}.v_frames_lost{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    q.tenant_id AS tenant_id, q.day AS day, b.platform AS platform,
    count() AS bots,
    sum(q.units_expected) AS units_expected,
    sum(q.units_lost) AS units_lost,
    if(units_expected = 0, NULL, units_lost / units_expected) AS lost_share,
    sumMap(q.units_gap) AS units_gap
FROM
(
    SELECT
        w.tenant_id AS tenant_id, w.meeting_id AS meeting_id, w.bot_id AS bot_id, toDate(w.occurred_at) AS day,
        sum(w.units_expected) AS units_expected, sum(w.units_lost) AS units_lost, sumMap(w.units_gap) AS units_gap
    FROM {database}.v_quality AS w
    GROUP BY tenant_id, meeting_id, bot_id, day
) AS q
LEFT JOIN
(
    SELECT tenant_id, meeting_id, bot_id, platform FROM {database}.v_bots
) AS b ON q.tenant_id = b.tenant_id AND q.meeting_id = b.meeting_id AND q.bot_id = b.bot_id
GROUP BY tenant_id, day, platform
COMMENT 'One row for each day (UTC) and platform. A unit is a frame of 20 ms; units_lost of units_expected did not reach the log, by cause in units_gap; lost_share is 0 to 1; bots is the number of bots that were heard that day; platform is empty when no event of the bot is known.'
