-- A delivery that is sent again begins with attempt 1 again: which copy it was is part of what an attempt is.
ALTER TABLE {database}.webhook_attempts{on_cluster}
    ADD COLUMN IF NOT EXISTS trigger LowCardinality(String) COMMENT 'event, resend, recover, test; empty in old rows' AFTER next_attempt_at,
    ADD COLUMN IF NOT EXISTS url_host LowCardinality(String) COMMENT 'Host and port it went to' AFTER trigger,
    ADD COLUMN IF NOT EXISTS charged Bool DEFAULT true COMMENT 'False when our own proxy failed' AFTER url_host,
    ADD COLUMN IF NOT EXISTS request_bytes UInt32 COMMENT 'Length of the body' AFTER charged,
    ADD COLUMN IF NOT EXISTS delivery_offset Int64 COMMENT 'Of this copy on webhook.deliveries; 0 in old records' AFTER request_bytes,
    MODIFY ORDER BY (tenant_id, endpoint_id, bot_id, delivery_id, attempt, delivery_offset);

CREATE OR REPLACE VIEW {database}.v_webhook_attempts{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, endpoint_id, sequence, delivery_id, event_type, attempt, outcome, status,
    error_class, latency_ms, response_snippet, next_attempt_at, trigger, url_host, charged, request_bytes,
    delivery_offset, occurred_at, produced_at
FROM {database}.webhook_attempts FINAL
WHERE (tenant_id, bot_id, '') NOT IN (SELECT tenant_id, bot_id, what FROM {database}.tombstones)
COMMENT 'One row for each try at delivering one event to one endpoint. latency_ms is milliseconds from request to answer; status is the HTTP status, 0 when there was no answer; trigger is what asked for it: that something happened (event), or a person; delivery_offset tells the copies of a delivery apart that was sent again.';

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
COMMENT 'One row for each day (UTC, of the first try) and endpoint. A delivery is one event for one endpoint, however often it was sent again; tests do not count; given_up are exhausted, skipped, or for a disabled endpoint; under_way are neither delivered nor given up. Shares are 0 to 1 of all deliveries of the day; delivery_ms is milliseconds from the start of the first try to the answer of the one that succeeded.';
