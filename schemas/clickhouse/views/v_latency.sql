CREATE OR REPLACE VIEW {database}.v_latency{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    l.tenant_id AS tenant_id, toStartOfHour(l.settled_at) AS hour, l.provider AS provider,
    l.transcript_label AS transcript_label,
    count() AS turns,
    quantileExact(0.5)(l.latency_ms) AS latency_ms_p50,
    quantileExact(0.95)(l.latency_ms) AS latency_ms_p95,
    quantileExact(0.99)(l.latency_ms) AS latency_ms_p99
FROM
(
    SELECT
        tenant_id, provider, transcript_label, settled_at,
        intDiv(toUnixTimestamp64Micro(settled_at) - toUnixTimestamp64Micro(recording_started_at), 1000) - end_ms
            AS latency_ms
    FROM {database}.turn_latencies FINAL
    WHERE (tenant_id, bot_id, '') NOT IN {gone}
        AND (tenant_id, bot_id, turn_id) NOT IN {gone}
) AS l
GROUP BY tenant_id, hour, provider, transcript_label
COMMENT 'One row for each hour (UTC, of settling), provider and transcript_label. latency_ms is milliseconds from the end of the last word of a turn to its first settled revision, and of all turns of that hour the p50, p95 and p99; a later revision for a late attribution does not count. A backfill has the latency of a backfill: look at live.'
