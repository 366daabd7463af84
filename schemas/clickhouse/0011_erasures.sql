-- What was erased must stay erased: these rows are kept for ever, and every view leaves out what they name.
CREATE TABLE IF NOT EXISTS {database}.erasures{on_cluster}
(
    tenant_id LowCardinality(String),
    meeting_id String COMMENT 'Empty when the request does not name it',
    bot_id String,
    event_id String,
    occurred_at DateTime64(6, 'UTC') COMMENT 'When it was asked for',
    produced_at DateTime64(6, 'UTC'),
    participant_id String COMMENT 'Whose rows; empty: everything of the bot',
    requested_by String,
    reason String,
    log_partition UInt16,
    log_offset UInt64,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {replicated}ReplacingMergeTree(produced_at)
ORDER BY (tenant_id, bot_id, participant_id)
SETTINGS {deduplication_window}
COMMENT 'One row for each bot, or participant of a bot, whose rows were asked to be erased (topic erasure.commands); read v_erasures.';

-- What views leave out. A turn is named by its id too: a revision from before its late attribution names nobody.
CREATE TABLE IF NOT EXISTS {database}.tombstones{on_cluster}
(
    tenant_id LowCardinality(String),
    bot_id String,
    what String COMMENT 'Empty: all of the bot; else a participant_id or a turn_id',
    participant_id String COMMENT 'Who spoke the turn; for the others the same as what',
    since DateTime64(6, 'UTC')
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (tenant_id, bot_id, what)
COMMENT 'One row for each bot, participant and turn that no view may show.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.mv_tombstones{on_cluster} TO {database}.tombstones AS
SELECT tenant_id, bot_id, participant_id AS what, participant_id, occurred_at AS since
FROM {database}.erasures
COMMENT 'One row for each erasure asked for: fills tombstones.';

CREATE TABLE IF NOT EXISTS {database}.erasure_receipts{on_cluster}
(
    tenant_id LowCardinality(String),
    bot_id String,
    participant_id String,
    event_id String COMMENT 'Of the request',
    carried_out_at DateTime64(6, 'UTC'),
    rows_by_table Map(LowCardinality(String), UInt64) COMMENT 'Rows removed, or rid of the participant, from each table',
    rows_left UInt64 COMMENT 'Counted afterwards in all tables; 0 unless rows came in meanwhile'
)
ENGINE = {replicated}ReplacingMergeTree(carried_out_at)
ORDER BY (tenant_id, bot_id, participant_id, carried_out_at)
COMMENT 'One row for each time an erasure removed rows: the first time, and whenever rows came back.'
