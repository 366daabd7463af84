"""The delivery on real parts, where ClickHouse will not have something: who suffers, who does not, and what is said."""

import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest
from confluent_kafka import Consumer, TopicPartition

from infra.local.clickhouse import ClickHouseServer
from infra.local.ports import free_ports
from schemas.kafka_client import consumer_config
from schemas.topics import BY_NAME, MEETING_PARTICIPANTS, TRANSCRIPT_TURNS
from schemas.vocabulary import ParticipantKind
from sinks.clickhouse.delivery.intent import intent_of
from sinks.clickhouse.mapping.block import Block
from sinks.clickhouse.mapping.rows import row_of
from sinks.clickhouse.mapping.tables import COLUMN_NAMES, TABLES
from sinks.clickhouse.server.adapter import NotNow, Refused, Server
from sinks.clickhouse.server.refusal import Refusal
from tests.fakes.clickhouse_bench import Bench, Log
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.fresh_name import fresh
from tests.fakes.waiting import until

pytestmark = pytest.mark.integration
TOPICS = [BY_NAME[name] for name in TABLES]


@pytest.fixture(scope="module")
def log(kafka_bootstrap: str, registry_url: str) -> Log:
    return Log(kafka_bootstrap, registry_url)


@pytest.fixture
def bench(log: Log, clickhouse: ClickHouseServer) -> Iterator[Bench]:
    """A database with its tables, and no sink yet."""
    bench = Bench(log, clickhouse.host, clickhouse.port, clickhouse.http_port)
    bench.make_tables()
    yield bench
    bench.close()


@pytest.fixture
def server(bench: Bench) -> Iterator[Server]:
    server = bench.server()
    yield server
    server.close()


@pytest.fixture
def meeting() -> Meeting:
    return Meeting(fresh("tenant"), fresh("bot"))


def settle(bench: Bench) -> None:
    until(lambda: bench.migrated() and bench.lag(TOPICS) == 0, "everything on the topics is written and committed")


def turns(bench: Bench, meeting: Meeting) -> int:
    return bench.number(f"SELECT count() FROM {{db}}.v_turns WHERE bot_id = '{meeting.bot_id}'")


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_a_violated_constraint_in_the_middle_of_a_batch_costs_only_its_row(bench: Bench, meeting: Meeting) -> None:
    """Found by halving; on the dead-letter topic with its bytes, in the table with the reason, and without what was said."""
    said = f"psst {meeting.bot_id}"
    bench.ask(f"ALTER TABLE {{db}}.turns ADD CONSTRAINT quiet CHECK position(text, '{said[1:]}') = 0")
    posted = [meeting.turn(number, words=f"{said} {number}" if number in {20, 41} else "fine") for number in range(60)]
    bench.log.post((TRANSCRIPT_TURNS, turn) for turn in posted)
    bench.start_sink()
    settle(bench)
    assert turns(bench, meeting) == 58
    letters = bench.log.dead_letters(TRANSCRIPT_TURNS, meeting.bot_id)
    assert [value for value, _ in letters] == [
        bench.log.encode(TRANSCRIPT_TURNS, posted[number]) for number in (20, 41)
    ]
    assert {headers["error_class"] for _, headers in letters} == {b"refused_by_clickhouse"}
    assert all(b"quiet" in headers["error"] and b"psst" not in headers["error"] for _, headers in letters)
    rows = bench.ask(
        "SELECT error_class, hex(value) FROM {db}.sink_dead_letters FINAL "
        f"WHERE key = '{meeting.bot_id}' AND error_class = 'refused_by_clickhouse' ORDER BY origin_offset"
    )
    assert rows == [("refused_by_clickhouse", (value or b"").hex().upper()) for value, _ in letters]


def test_a_table_that_lost_a_column_stops_alone_and_goes_on_when_it_is_back(bench: Bench, meeting: Meeting) -> None:
    """Readiness red with the reason, the lag in the metrics, the other tables filled meanwhile, nothing dead."""
    [port] = free_ports(1)
    bench.ask("ALTER TABLE {db}.turns RENAME COLUMN reason TO reason_before")
    process = bench.start_sink(EARSHOT_METRICS_PORT=str(port))
    bench.log.post((TRANSCRIPT_TURNS, meeting.turn(number)) for number in range(30))
    until(lambda: "table_stopped" in process.said(), "the sink says that the table is stopped")
    bench.log.post((MEETING_PARTICIPANTS, meeting.participant(number, ParticipantKind.MUTE)) for number in range(30))
    people = f"SELECT count() FROM {{db}}.v_participant_events WHERE bot_id = '{meeting.bot_id}'"
    until(lambda: bench.number(people) == 30, "the other tables go on")
    status, reasons = asked(port, "/readyz")
    assert status == 503
    assert "table turns: stopped: " in reasons
    assert "reason" in reasons
    until(lambda: lag_told(port, TRANSCRIPT_TURNS.name) >= 30, "the lag is in the metrics")
    assert 'earshot_table_stopped{table="turns"} 1.0' in asked(port, "/metrics")[1]
    assert process.running
    bench.ask("ALTER TABLE {db}.turns RENAME COLUMN reason_before TO reason")
    settle(bench)
    assert turns(bench, meeting) == 30
    assert bench.log.dead_letters(TRANSCRIPT_TURNS, meeting.bot_id) == []
    until(lambda: asked(port, "/readyz")[0] == 200, "the sink is ready again")


def lag_told(port: int, topic: str) -> float:
    lines = asked(port, "/metrics")[1].splitlines()
    name = f'earshot_lag_records{{stage="sink clickhouse",topic="{topic}"}} '
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)


def test_a_column_of_another_type_stops_the_table_and_kills_no_record(bench: Bench, meeting: Meeting) -> None:
    """Every single row fails to encode; that is not a stream of dead letters but a table to mend."""
    bench.ask("ALTER TABLE {db}.turns MODIFY COLUMN stt_session_id UInt32")
    process = bench.start_sink()
    bench.log.post([(TRANSCRIPT_TURNS, meeting.turn(1))])
    until(lambda: "its column stt_session_id is UInt32" in process.said(), "the sink names the column")
    assert bench.log.dead_letters(TRANSCRIPT_TURNS, meeting.bot_id) == []
    bench.ask("ALTER TABLE {db}.turns MODIFY COLUMN stt_session_id String")
    settle(bench)
    assert turns(bench, meeting) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", None),
        ("text", "half a pair \ud83d"),
        ("text", 3),
        ("epoch", 2**32),
        ("epoch", -1),
        ("start_ms", "soon"),
        ("words.text", [None]),
        ("overlaps", None),
    ],
)
def test_what_the_client_cannot_encode_is_a_rows_fault(
    bench: Bench, server: Server, meeting: Meeting, column: str, value: object
) -> None:
    """None, half a surrogate pair, overflow, the wrong type: refused as data, and the next insert works."""
    row = row_of(TRANSCRIPT_TURNS.name, meeting.turn(1), partition=0, offset=0)
    columns = [[each] for each in row.values]
    bad = list(columns)
    bad[COLUMN_NAMES["turns"].index(column)] = [value]
    with pytest.raises(Refused) as refused:
        server.insert_block(bench.database, Block("turns", bad, [0]), token="bad")
    assert refused.value.refusal is Refusal.DATA
    assert "half" not in refused.value.message
    server.insert_block(bench.database, Block("turns", columns, [0]), token="good")
    assert turns(bench, meeting) == 1


def test_a_block_with_a_row_too_short_is_refused_too(bench: Bench, server: Server, meeting: Meeting) -> None:
    """Columns of different lengths never reach the table."""
    row = row_of(TRANSCRIPT_TURNS.name, meeting.turn(1), partition=0, offset=0)
    columns = [[each, each] for each in row.values]
    columns[3] = columns[3][:1]
    with pytest.raises(Refused) as refused:
        server.insert_block(bench.database, Block("turns", columns, [0, 1]), token="short")
    assert refused.value.refusal is Refusal.DATA
    assert turns(bench, meeting) == 0


def test_a_read_only_user_and_too_many_parts_are_told_apart(bench: Bench, server: Server, meeting: Meeting) -> None:
    """One stops the table until somebody mends it, the other passes."""
    row = row_of(TRANSCRIPT_TURNS.name, meeting.turn(1), partition=0, offset=0)
    block = Block("turns", [[each] for each in row.values], [0])
    server.insert_block(bench.database, block, token="first")
    server.run(
        f"ALTER TABLE {bench.database}.turns MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1"
    )
    with pytest.raises(NotNow, match="code 252") as full:
        server.insert_block(bench.database, block, token="second")
    assert full.value.refusal is Refusal.RETRY
    server.run(f"ALTER TABLE {bench.database}.turns RESET SETTING parts_to_throw_insert, parts_to_delay_insert")
    server.run("SET readonly = 1")
    with pytest.raises(Refused, match="code 164") as refused:
        server.insert_block(bench.database, block, token="third")
    assert refused.value.refusal is Refusal.ACCESS


@pytest.mark.parametrize(("point", "rows_in"), [("after_intent", 0), ("after_ack", 40)])
def test_the_intent_stands_in_the_commit_until_the_batch_is_through(
    bench: Bench, meeting: Meeting, point: str, rows_in: int
) -> None:
    """What a sink left when it was killed there; the next one takes it up, and no row goes in twice."""
    bench.start_sink()
    settle(bench)
    assert bench.processes[0].end() == 0
    bench.ask("SYSTEM STOP MERGES {db}.turns")
    bench.log.post((TRANSCRIPT_TURNS, meeting.turn(number)) for number in range(40))
    dying = bench.start_sink(EARSHOT_CLICKHOUSE_DIE_AT=point)
    assert dying.wait(60) == -9
    raw = f"SELECT count() FROM {{db}}.turns WHERE bot_id = '{meeting.bot_id}'"
    assert bench.number(raw) == rows_in
    intents = [intent_of(metadata) for metadata in committed(bench)]
    [intent] = [each for each in intents if each]
    assert intent.records == 40
    assert intent.last_offset - intent.first_offset == 39
    bench.start_sink(EARSHOT_CLICKHOUSE_BATCH_ROWS="7")
    settle(bench)
    assert bench.number(raw) == 40
    assert not any(intent_of(metadata) for metadata in committed(bench))


def committed(bench: Bench) -> list[str | None]:
    """The words that stand with the group's offsets of transcript.turns."""
    consumer = Consumer(consumer_config(bench.log.kafka_bootstrap, bench.group))
    places = [TopicPartition(TRANSCRIPT_TURNS.name, number) for number in range(TRANSCRIPT_TURNS.partitions)]
    try:
        return [place.metadata for place in consumer.committed(places, timeout=10)]
    finally:
        consumer.close()
