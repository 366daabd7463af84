-- What was on the screen while people spoke: to study how partials behave, not to keep.
CREATE TABLE IF NOT EXISTS {database}.turn_revisions{on_cluster} AS {database}.turns
ENGINE = {replicated}ReplacingMergeTree(produced_at)
PARTITION BY toDate(recording_started_at)
ORDER BY (tenant_id, meeting_id, bot_id, turn_id, revision)
TTL toDateTime(recording_started_at) + INTERVAL 7 DAY
SETTINGS {deduplication_window}{small_granules}, ttl_only_drop_parts = 1
COMMENT 'One row for each revision of a turn before it settled (topic transcript.partials), kept for 7 days.'
