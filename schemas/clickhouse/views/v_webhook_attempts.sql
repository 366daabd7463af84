CREATE OR REPLACE VIEW {database}.v_webhook_attempts{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, endpoint_id, sequence, delivery_id, event_type, attempt, outcome, status,
    error_class, latency_ms, response_snippet, next_attempt_at, trigger, url_host, charged, request_bytes,
    delivery_offset, occurred_at, produced_at
FROM {database}.webhook_attempts FINAL
WHERE (tenant_id, bot_id, '') NOT IN {gone}
COMMENT 'One row for each try at delivering one event to one endpoint. latency_ms is milliseconds from request to answer; status is the HTTP status, 0 when there was no answer; trigger is what asked for it: that something happened (event), or a person; delivery_offset tells the copies of a delivery apart that was sent again.'
