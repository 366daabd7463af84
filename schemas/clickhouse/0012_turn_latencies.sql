-- The turns table forgets when a turn first settled once a late attribution revises it. A minimum does not mind repeats.
CREATE TABLE IF NOT EXISTS {database}.turn_latencies{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String,
    bot_id String,
    turn_id String,
    recording_started_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    transcript_label SimpleAggregateFunction(max, String),
    provider SimpleAggregateFunction(max, String),
    end_ms SimpleAggregateFunction(max, Int32) COMMENT 'End of the last word',
    settled_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')) COMMENT 'When the first settled revision was made',
    INDEX ix_bot bot_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(recording_started_at)
ORDER BY (tenant_id, meeting_id, bot_id, turn_id)
SETTINGS {deduplication_window}
COMMENT 'One row for each settled turn: when it first settled; read v_latency.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.mv_turn_latencies{on_cluster} TO {database}.turn_latencies AS
SELECT
    tenant_id, meeting_id, bot_id, turn_id, recording_started_at, transcript_label, provider, end_ms,
    produced_at AS settled_at
FROM {database}.turns
WHERE state = 'end_of_turn'
COMMENT 'One row for each settled revision written to turns: fills turn_latencies.';

INSERT INTO {database}.turn_latencies
    (tenant_id, meeting_id, bot_id, turn_id, recording_started_at, transcript_label, provider, end_ms, settled_at)
SELECT
    tenant_id, meeting_id, bot_id, turn_id, recording_started_at, transcript_label, provider, end_ms, produced_at
FROM {database}.turns
WHERE state = 'end_of_turn';
