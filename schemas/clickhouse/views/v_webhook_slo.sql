CREATE OR REPLACE VIEW {database}.v_webhook_slo{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    d.tenant_id AS tenant_id, d.day AS day, d.endpoint_id AS endpoint_id,
    count() AS deliveries,
    countIf(d.delivered) AS delivered,
    countIf(d.dropped AND NOT d.delivered) AS given_up,
    deliveries - delivered - given_up AS under_way,
    sum(d.attempts) AS attempts,
    delivered / deliveries AS delivered_share,
    countIf(d.delivered AND d.attempts = 1) / deliveries AS first_try_share,
    countIf(d.delivered AND d.delivery_ms <= 60000) / deliveries AS within_60_s_share,
    if(delivered = 0, NULL, quantileExactIf(0.5)(d.delivery_ms, d.delivered)) AS delivery_ms_p50,
    if(delivered = 0, NULL, quantileExactIf(0.95)(d.delivery_ms, d.delivered)) AS delivery_ms_p95,
    if(delivered = 0, NULL, quantileExactIf(0.99)(d.delivery_ms, d.delivered)) AS delivery_ms_p99
FROM
(
    SELECT
        a.tenant_id AS tenant_id, a.endpoint_id AS endpoint_id, a.bot_id AS bot_id, a.delivery_id AS delivery_id,
        toDate(min(a.occurred_at)) AS day,
        count() AS attempts,
        countIf(a.outcome = 'delivered') > 0 AS delivered,
        countIf(a.outcome IN ('exhausted', 'skipped', 'disabled')) > 0 AS dropped,
        minIf(intDiv(toUnixTimestamp64Micro(a.occurred_at), 1000) + a.latency_ms, a.outcome = 'delivered')
            - intDiv(min(toUnixTimestamp64Micro(a.occurred_at)), 1000) AS delivery_ms
    FROM {database}.v_webhook_attempts AS a
    WHERE a.trigger != 'test'
    GROUP BY tenant_id, endpoint_id, bot_id, delivery_id
) AS d
GROUP BY tenant_id, day, endpoint_id
COMMENT 'One row for each day (UTC, of the first try) and endpoint. A delivery is one event for one endpoint, however often it was sent again; tests do not count; given_up are exhausted, skipped, or for a disabled endpoint; under_way are neither delivered nor given up. Shares are 0 to 1 of all deliveries of the day; delivery_ms is milliseconds from the start of the first try to the answer of the one that succeeded.'
