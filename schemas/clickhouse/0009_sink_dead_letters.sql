-- Dead letters of all times lie together: a replay finds the same letter again, whenever it fails.
CREATE TABLE IF NOT EXISTS {database}.sink_dead_letters{on_cluster}
(
    tenant_id LowCardinality(String) COMMENT 'From the header of the record; empty without',
    origin_topic LowCardinality(String),
    origin_partition UInt16,
    origin_offset UInt64,
    stage LowCardinality(String) COMMENT 'Which process could not read it',
    error_class LowCardinality(String),
    error String,
    failed_at DateTime64(6, 'UTC'),
    key String,
    value String COMMENT 'The record, byte for byte' CODEC(ZSTD(3)),
    headers Map(String, String),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {replicated}ReplacingMergeTree(failed_at)
ORDER BY (origin_topic, origin_partition, origin_offset)
TTL toDateTime(failed_at) + INTERVAL 30 DAY
SETTINGS {deduplication_window}
COMMENT 'One row for each record this sink could not put into a table; the same bytes are on the dead-letter topic.';
