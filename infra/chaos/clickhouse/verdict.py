"""The comparison: what lies on the topics, what the tables and views say, and what an undisturbed sink makes of the same log."""

from dataclasses import dataclass
from typing import Any

import structlog

from infra.chaos.clickhouse.ground import Ground
from infra.chaos.clickhouse.load import VIOLATION
from infra.chaos.clickhouse.oracle import Oracle, oracle_of
from infra.chaos.clickhouse.reading import TABLE_OF, lag, letters, lying
from infra.result import Figure
from infra.waiting import until

SETTLE_S = 180.0
log = structlog.get_logger()


@dataclass(frozen=True)
class Verdict:
    """What was found. `lost`: turns and dead letters that are not there; `doubled`: rows that went in twice."""

    turns: int
    lost: int
    doubled: int
    raw_rows_exact: bool
    views_equal: bool
    dead_letters: int

    @property
    def passed(self) -> bool:
        return not self.lost and not self.doubled and self.raw_rows_exact and self.views_equal

    def figures(self) -> dict[str, Figure]:
        return {
            "turns": self.turns,
            "lost": self.lost,
            "doubled": self.doubled,
            "raw_rows_exact": int(self.raw_rows_exact),
            "views_equal": int(self.views_equal),
            "dead_letters": self.dead_letters,
        }


def prepare(ground: Ground, database: str) -> None:
    """Tables, by the sink itself; then the run's constraint, and what counts every row that ever goes into a table."""
    sink = ground.start_sink(
        "migrate",
        EARSHOT_CLICKHOUSE_DATABASE=database,
        EARSHOT_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
        EARSHOT_STARTUP_TIMEOUT_S="1",
        EARSHOT_CLICKHOUSE_TIMEOUT_S="30",
    )
    until(lambda: sink.process() is None, "the sink has made its tables and found no Kafka")
    ground.sinks.pop("migrate").bury()
    ground.ask(f"ALTER TABLE {database}.turns ADD CONSTRAINT chaos CHECK position(text, '{VIOLATION}') = 0")
    window = "SETTINGS non_replicated_deduplication_window = 10000"
    counted = "table LowCardinality(String), log_partition UInt16"
    ground.ask(
        f"CREATE TABLE {database}.chaos_raw ({counted}, log_offset UInt64) ENGINE = MergeTree ORDER BY table {window}"
    )
    ground.ask(
        f"CREATE TABLE {database}.chaos_sums ({counted}, rows UInt64) "
        f"ENGINE = SummingMergeTree ORDER BY (table, log_partition) {window}"
    )
    for table in TABLE_OF.values():
        for target, column in (("raw", "log_offset"), ("sums", "toUInt64(1) AS rows")):
            ground.ask(
                f"CREATE MATERIALIZED VIEW {database}.chaos_{target}_{table} TO {database}.chaos_{target} AS "  # noqa: S608
                f"SELECT '{table}' AS table, log_partition, {column} FROM {database}.{table}"
            )


def judge(ground: Ground, *, replay: bool = True) -> Verdict:
    """Let the sink come to the end of the log, and compare; with `replay`, every view to an undisturbed sink's too."""
    oracle = _oracle(ground)
    _settle(ground, ground.group)
    raw = _raw(ground, ground.database)
    turns = set(ground.ask(f"SELECT bot_id, turn_id, revision, text FROM {ground.database}.v_turns"))  # noqa: S608
    words = _words(ground, ground.database)
    dead = _dead(ground)
    lost = [turn for turn in oracle.turns.values() if turn not in turns]
    counted = {table: (count, unique, summed) for table, count, unique, summed in raw}
    wanted = {TABLE_OF[topic]: (len(rows),) * 3 for topic, rows in oracle.rows.items() if topic in TABLE_OF and rows}
    agree = len(turns) == len(oracle.turns) and words == oracle.words
    return Verdict(
        turns=len(oracle.turns),
        lost=len(lost) + len(oracle.dead - dead) + len(oracle.dead - letters(ground)),
        doubled=sum(count - unique for _, count, unique, _ in raw),
        raw_rows_exact=counted == wanted and dead == oracle.dead,
        views_equal=agree and (not replay or _agree_with_replay(ground)),
        dead_letters=len(oracle.dead),
    )


def _agree_with_replay(ground: Ground) -> bool:
    """Whether an undisturbed sink's views say the same; those that do not are named."""
    ours, replayed = _views(ground, ground.database), _replayed(ground)
    differing = sorted(name for name in ours.keys() | replayed.keys() if ours.get(name) != replayed.get(name))
    if differing:
        log.warning("views_differ", views=differing)
    return not differing


def _replayed(ground: Ground) -> dict[str, list[tuple[Any, ...]]]:
    """The views over what a sink that nobody disturbs makes of the whole log, in a database of its own."""
    undisturbed = f"un{ground.database}"
    prepare(ground, undisturbed)
    group = f"chaos-{undisturbed}"
    ground.start_sink(
        undisturbed,
        EARSHOT_CLICKHOUSE_DATABASE=undisturbed,
        EARSHOT_CLICKHOUSE_CONSUMER_GROUP=group,
        EARSHOT_CLICKHOUSE_BATCH_ROWS="5000",
        EARSHOT_CLICKHOUSE_TIMEOUT_S="60",
    )
    _settle(ground, group)
    return _views(ground, undisturbed)


def _oracle(ground: Ground) -> Oracle:
    return oracle_of(lying(ground), lambda text: VIOLATION in text)


def _settle(ground: Ground, group: str) -> None:
    def settled() -> bool:
        ground.keep()
        return lag(ground, group) == 0

    until(settled, f"group {group} is at the end of the log", SETTLE_S)


def _raw(ground: Ground, database: str) -> list[tuple[Any, ...]]:
    """For each table: rows that ever went in, different ones, and their number as a summing view has it."""
    return ground.ask(
        "SELECT table, raw, different, summed FROM "  # noqa: S608
        f"(SELECT table, count() AS raw, uniqExact(log_partition, log_offset) AS different FROM {database}.chaos_raw "
        f"GROUP BY table) AS r JOIN (SELECT table, sum(rows) AS summed FROM {database}.chaos_sums GROUP BY table) AS s "
        "USING table"
    )


def _views(ground: Ground, database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every view's rows as text, in order; but for views that want to be asked something, and for dead letters: these say
    when they failed, which no replay repeats, and are held against the topics by themselves.
    """
    names = ground.ask(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND engine = 'View' AND name LIKE 'v\\_%' "  # noqa: S608
        "AND empty(parameterized_view_parameters) AND name != 'v_dead_letters'"
    )
    return {
        name: ground.ask(f"SELECT toString(tuple(*)) AS row FROM {database}.{name} ORDER BY row")  # noqa: S608
        for (name,) in sorted(names)
    }


def _words(ground: Ground, database: str) -> dict[tuple[str, str], list[str]]:
    rows = ground.ask(
        f"SELECT bot_id, turn_id, groupArray(word) FROM (SELECT * FROM {database}.v_words "  # noqa: S608
        "ORDER BY bot_id, turn_id, word_index) GROUP BY bot_id, turn_id"
    )
    return {(bot_id, turn_id): words for bot_id, turn_id, words in rows}


def _dead(ground: Ground) -> set[tuple[str, int, int]]:
    rows = ground.ask(
        f"SELECT origin_topic, origin_partition, origin_offset FROM {ground.database}.sink_dead_letters FINAL"  # noqa: S608
    )
    return {(topic, partition, offset) for topic, partition, offset in rows}
