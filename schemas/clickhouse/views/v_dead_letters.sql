CREATE OR REPLACE VIEW {database}.v_dead_letters{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, origin_topic, origin_partition, origin_offset, stage, error_class, error, failed_at, key AS bot_id,
    length(value) AS value_bytes
FROM {database}.sink_dead_letters FINAL
WHERE (tenant_id, key, '') NOT IN {gone}
COMMENT 'One row for each record this sink could not put into a table: where it lies in the log, and why. Its bytes are in sink_dead_letters, for operators only, and on the dead-letter topic.'
