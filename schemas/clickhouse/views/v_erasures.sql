CREATE OR REPLACE VIEW {database}.v_erasures{on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    e.tenant_id AS tenant_id, e.bot_id AS bot_id, e.participant_id AS participant_id, e.event_id AS event_id,
    e.occurred_at AS requested_at, e.requested_by AS requested_by, e.reason AS reason,
    nullIf(min(r.carried_out_at), toDateTime64(0, 6, 'UTC')) AS carried_out_at,
    sumMap(r.rows_by_table) AS rows_by_table,
    countIf(r.event_id != '') AS receipts,
    argMax(r.rows_left, r.carried_out_at) AS rows_left
FROM {database}.erasures AS e FINAL
LEFT JOIN {database}.erasure_receipts AS r FINAL
    ON e.tenant_id = r.tenant_id AND e.bot_id = r.bot_id AND e.participant_id = r.participant_id
GROUP BY tenant_id, bot_id, participant_id, event_id, requested_at, requested_by, reason
COMMENT 'One row for each erasure that was asked for. participant_id is empty when everything of the bot goes; carried_out_at is NULL until it was carried out; rows_by_table is how many rows were removed, or rid of the participant, from each table; receipts above 1 mean that rows came back (from a replay) and went again.'
