-- A delivery that is sent again begins with attempt 1 again: which copy it was is part of what an attempt is.
ALTER TABLE {database}.webhook_attempts{on_cluster}
    ADD COLUMN IF NOT EXISTS trigger LowCardinality(String) COMMENT 'event, resend, recover, test; empty in old rows' AFTER next_attempt_at,
    ADD COLUMN IF NOT EXISTS url_host LowCardinality(String) COMMENT 'Host and port it went to' AFTER trigger,
    ADD COLUMN IF NOT EXISTS charged Bool DEFAULT true COMMENT 'False when our own proxy failed' AFTER url_host,
    ADD COLUMN IF NOT EXISTS request_bytes UInt32 COMMENT 'Length of the body' AFTER charged,
    ADD COLUMN IF NOT EXISTS delivery_offset Int64 COMMENT 'Of this copy on webhook.deliveries; 0 in old records' AFTER request_bytes,
    MODIFY ORDER BY (tenant_id, endpoint_id, bot_id, delivery_id, attempt, delivery_offset)
