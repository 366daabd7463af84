-- Reads its table past the view of every column: planning that takes longer than reading.
CREATE OR REPLACE VIEW {database}.v_bots{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.meeting_id AS meeting_id, e.bot_id AS bot_id,
    argMax(e.platform, (e.sequence_epoch, e.sequence)) AS platform,
    argMax(e.region, (e.sequence_epoch, e.sequence)) AS region,
    argMaxIf(e.state, (e.sequence_epoch, e.sequence), e.state != 'error') AS state,
    argMaxIf(e.sub_code, (e.sequence_epoch, e.sequence), e.state != 'error' AND e.sub_code != '') AS sub_code,
    argMaxIf(e.ledger_outcome, (e.sequence_epoch, e.sequence), e.state = 'done') AS outcome,
    min(e.occurred_at) AS first_seen_at,
    min(e.recording_started_at) AS recording_started_at,
    minOrNullIf(e.occurred_at, e.state IN ('leaving', 'call_ended', 'fatal', 'done')) AS left_at,
    minOrNullIf(e.occurred_at, e.state = 'done') AS done_at,
    intDiv(
        minOrNullIf(toUnixTimestamp64Micro(e.occurred_at), e.state = 'in_call_recording')
            - minOrNullIf(toUnixTimestamp64Micro(e.occurred_at), e.state = 'joining'), 1000) AS join_ms,
    countIf(e.state = 'error') AS errors,
    argMaxIf(arraySum(e.`ledger_streams.units_audio`), (e.sequence_epoch, e.sequence), e.state = 'done') AS units_audio,
    argMaxIf(arraySum(e.`ledger_streams.units_silence`), (e.sequence_epoch, e.sequence), e.state = 'done')
        AS units_silence,
    argMaxIf(
        arraySum(arrayMap(causes -> arraySum(mapValues(causes)), e.`ledger_streams.units_gap`)),
        (e.sequence_epoch, e.sequence), e.state = 'done') AS units_lost
FROM {database}.bot_events AS e FINAL
WHERE (e.tenant_id, e.bot_id, '') NOT IN {gone}
GROUP BY tenant_id, meeting_id, bot_id
COMMENT 'One row for each bot: its life from first to last step. join_ms is milliseconds from joining to in_call_recording (NULL: never recorded), left_at is when it left the call or failed, state is the last one, errors is a number of notes on the way, units are 20 ms of audio from the ledger (0 before done).'
