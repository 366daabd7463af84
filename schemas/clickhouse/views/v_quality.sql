CREATE OR REPLACE VIEW {database}.v_quality{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant_id, meeting_id, bot_id, stream_id, epoch, window_ms, window_length_ms, revision, units_expected,
    units_received, units_duplicate, units_late, units_reordered, units_silence, units_absent, units_gap,
    arraySum(mapValues(units_gap)) AS units_lost, units_clipped, level_dbfs, drift_ppm, capture_to_kafka_ms_p50,
    capture_to_kafka_ms_p99, occurred_at, produced_at
FROM {database}.quality_windows FINAL
WHERE (tenant_id, bot_id, '') NOT IN {gone}
COMMENT 'One row for each 10 s window of one stream and epoch. A unit is 20 ms of media time; units_lost is the sum of units_gap over its causes; window_ms is milliseconds since the media time zero of the epoch. Example, share of audio lost: SELECT bot_id, sum(units_lost) / sum(units_expected) FROM v_quality GROUP BY bot_id'
