"""`earshot sink clickhouse` on a real Kafka, registry and ClickHouse: what is on the log is in the views, whatever happens."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.clickhouse import ClickHouse, ClickHouseServer
from infra.local.daemon import Daemon
from infra.local.ports import free_ports
from infra.local.stack import Stack
from schemas.errors import Unavailable
from schemas.settings import LocalSettings
from schemas.timebase import SystemClock
from schemas.topics import BY_NAME, TRANSCRIPT_TURNS
from sinks.clickhouse.database.migrate import migrate
from sinks.clickhouse.delivery.batch import Batch
from sinks.clickhouse.delivery.writer import BadRow, Writer
from sinks.clickhouse.mapping.block import Block
from sinks.clickhouse.mapping.frame import Frame
from sinks.clickhouse.mapping.tables import TABLES
from sinks.clickhouse.sink import ClickHouseSink
from tests.fakes.clickhouse_bench import Bench, Log, SinkProcess
from tests.fakes.clickhouse_meeting import Meeting, Posted
from tests.fakes.fresh_name import fresh
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
TURNS_OF_ROUND = 800
SMALL_BATCHES = {"EARSHOT_CLICKHOUSE_BATCH_ROWS": "50", "EARSHOT_CLICKHOUSE_BATCH_MS": "50"}
TOPICS = [BY_NAME[name] for name in TABLES]


@pytest.fixture(scope="module")
def log(kafka_bootstrap: str, registry_url: str) -> Log:
    return Log(kafka_bootstrap, registry_url)


@pytest.fixture
def bench(log: Log, clickhouse: ClickHouseServer) -> Iterator[Bench]:
    bench = Bench(log, clickhouse.host, clickhouse.port, clickhouse.http_port)
    yield bench
    bench.close()


@pytest.fixture
def meeting() -> Meeting:
    return Meeting(fresh("tenant"), fresh("bot"))


def settle(bench: Bench) -> None:
    until(lambda: bench.lag(TOPICS) == 0, "everything on the topics is written and committed")


def test_a_meeting_on_the_log_is_in_every_view(bench: Bench, meeting: Meeting) -> None:
    """Each view says what the records say, re-emits and revisions folded."""
    bench.log.post(meeting.records())
    bench.start_sink()
    settle(bench)
    mine = f"WHERE tenant_id = '{meeting.tenant_id}'"
    turns = bench.ask(f"SELECT turn_id, revision, text, words, display_name, start_ms FROM {{db}}.v_turns {mine}")
    assert turns == [
        ("turn_1", 4, "the cat", 2, "Ada", 1000),
        ("turn_2", 1, "and 😀 then some", 4, "Ada", 2000),
        ("turn_3", 1, "who", 1, "", 3000),
    ]
    words = bench.ask(f"SELECT word, start_ms, confidence FROM {{db}}.v_words {mine} AND turn_id = 'turn_1'")
    assert words == [("the", 1000, 0.5), ("cat", 1200, None)]
    people = bench.ask(f"SELECT display_name, joined_ms, left_ms, joins, mutes FROM {{db}}.v_participants {mine}")
    assert people == [("Ada L.", -500, 2500, 1, 1)]
    states = bench.ask(f"SELECT state, `ledger_streams.units_gap` FROM {{db}}.v_bot_events {mine} ORDER BY sequence")
    assert states == [("joining", []), ("in_call_recording", []), ("done", [{"network": 6}])]
    windows = bench.ask(f"SELECT window_ms, revision, units_late, units_lost FROM {{db}}.v_quality {mine} ORDER BY 1")
    assert windows == [(0, 2, 3, 6), (10_000, 1, 0, 6)]
    sessions = bench.ask(f"SELECT last_kind, audio_sent_ms, latency_ms_p50, error_class FROM {{db}}.v_sessions {mine}")
    assert sessions == [("closed", 20_000, 400, "")]
    attempts = bench.ask(f"SELECT attempt, outcome, status FROM {{db}}.v_webhook_attempts {mine} ORDER BY attempt")
    assert attempts == [(1, "retry", 500), (2, "delivered", 200)]
    partials = bench.ask(f"SELECT revision, text FROM {{db}}.v_turn_revisions {mine} ORDER BY revision")
    assert partials == [(1, "the cat"), (2, "the cats sad")]


def test_replaying_every_topic_from_the_start_changes_no_view(bench: Bench, meeting: Meeting) -> None:
    """A new consumer group, on the same database and on a new one: not a byte differs."""
    bench.log.post(meeting.records())
    assert end_when_settled(bench, bench.start_sink()) == 0
    before = bench.views(meeting.tenant_id)
    assert all(before.values())
    again = Bench(bench.log, bench.host, bench.port, database=bench.database)
    elsewhere = Bench(bench.log, bench.host, bench.port)
    for replay in (again, elsewhere):
        bench.processes.append(replay.start_sink())
        settle(replay)
        assert replay.views(meeting.tenant_id) == before
    assert again.number("SELECT count() FROM {db}.turns") > len(before["v_turns"]), "the replay did write rows again"


def end_when_settled(bench: Bench, process: SinkProcess) -> int:
    settle(bench)
    return process.end()


def test_sigterm_writes_and_commits_what_is_in_hand(bench: Bench, meeting: Meeting) -> None:
    """Ended long before a batch is due, the sink leaves nothing uncommitted and exits 0."""
    process = bench.start_sink(EARSHOT_CLICKHOUSE_BATCH_MS="600000", EARSHOT_LOG_LEVEL="debug")
    bench.log.post(meeting.records())
    until(lambda: "sink_started" in process.said(), "the sink runs")
    time.sleep(3)  # nothing to wait for: the rows must be in hand and, by the batch's age, may not be visible
    assert bench.number("SELECT count() FROM {db}.turns") == 0
    assert process.end() == 0
    assert bench.lag(TOPICS) == 0
    assert len(bench.views(meeting.tenant_id)["v_turns"]) == 3


class ForgetfulWriter(Writer):
    """Says that a bot's turns are written, and has not written them: what committing before writing comes to."""

    bot_id = ""

    def write(self, batch: Batch, block: Block | Frame) -> list[BadRow]:
        values = block if isinstance(block, Block) else block.block()
        mine = any(self.bot_id in column for column in values.columns)
        return [] if batch.place[0] == TRANSCRIPT_TURNS.name and mine else super().write(batch, block)


@pytest.mark.parametrize(("kind", "turns"), [(Writer, 3), (ForgetfulWriter, 0)])
def test_a_commit_before_the_write_would_be_seen(
    bench: Bench, meeting: Meeting, kind: type[Writer], turns: int
) -> None:
    """Negative control: the same sink with a writer that forgets a batch is found out by the view."""
    settings, server = bench.settings(), bench.server()
    migrate(server, bench.database)
    writer = kind(server, database=bench.database, group=bench.group)
    setattr(writer, "bot_id", meeting.bot_id)  # noqa: B010
    bench.log.post(meeting.records())
    ClickHouseSink(settings, writer, SystemClock()).run(lambda: bench.lag(TOPICS) == 0)
    assert len(bench.views(meeting.tenant_id)["v_turns"]) == turns


@pytest.fixture
def own_clickhouse(tmp_path: Path) -> Iterator[Daemon]:
    """A ClickHouse that a test may stop."""
    port, http_port = free_ports(2)
    daemon = Daemon(ClickHouse(port, http_port, LocalSettings().cache_dir), tmp_path, die_with_us=True)
    daemon.start()
    Stack([daemon]).wait(60)
    yield daemon
    Stack([daemon]).down(grace_s=3)


def bench_on(log: Log, daemon: Daemon, **extra: str) -> Bench:
    assert isinstance(daemon.service, ClickHouse)
    return Bench(log, daemon.service.server.host, daemon.service.port, daemon.service.http_port, extra=extra)


def revive(daemon: Daemon) -> None:
    daemon.bury()
    daemon.start()
    Stack([daemon]).wait(60)


def shake(daemon: Daemon, bench: Bench) -> None:
    """The local engine, unlike a whole server, ends at a connection after one whose client was killed in an insert."""
    for _ in range(20):
        try:
            bench.ask("SELECT 1")
        except Unavailable:
            revive(daemon)


def test_kill_9_in_the_middle_loses_and_doubles_nothing(log: Log, own_clickhouse: Daemon) -> None:
    """Sink and server are killed in turn while turns are written: the views are what the records say."""
    tenant_id = fresh("tenant")
    bench = bench_on(log, own_clickhouse, **SMALL_BATCHES)
    seen = f"SELECT count() FROM {{db}}.v_turns WHERE tenant_id = '{tenant_id}'"
    meetings = [Meeting(tenant_id, fresh("bot")) for _ in range(8)]
    for kill in range(3):
        log.post(turns_of_round(meetings, kill))
        sink = bench.start_sink()
        until(lambda least=kill * TURNS_OF_ROUND: bench.number(seen) > least, "some of it is written")  # type: ignore[misc]
        victim = own_clickhouse.process() if kill % 2 else None
        if victim:
            victim.kill()
            revive(own_clickhouse)
        sink.end(signal.SIGKILL)
        shake(own_clickhouse, bench)
    bench.start_sink()
    settle(bench)
    expected = {
        (meeting.bot_id, f"turn_{kill * 100 + number}", 2, f"word {number + 100} of {kill}")
        for meeting in meetings
        for kill in range(3)
        for number in range(100)
    }
    found = bench.ask(f"SELECT bot_id, turn_id, revision, text FROM {{db}}.v_turns WHERE tenant_id = '{tenant_id}'")
    assert len(found) == len(expected)
    assert set(found) == expected
    bench.close()


def turns_of_round(meetings: list[Meeting], round_: int) -> list[Posted]:
    """100 turns of each meeting, then the second revision of each."""
    return [
        (TRANSCRIPT_TURNS, meeting.turn(round_ * 100 + number % 100, 1 + number // 100, f"word {number} of {round_}"))
        for meeting in meetings
        for number in range(200)
    ]


def test_clickhouse_away_and_back_loses_nothing(log: Log, own_clickhouse: Daemon, meeting: Meeting) -> None:
    """While ClickHouse is away the sink stays in its group and waits; the records wait in Kafka, uncommitted."""
    bench = bench_on(log, own_clickhouse)
    try:
        process = bench.start_sink()
        log.post(meeting.records())
        settle(bench)
        own_clickhouse.terminate()
        own_clickhouse.bury()
        log.post((TRANSCRIPT_TURNS, meeting.turn(number)) for number in range(10, 60))
        until(lambda: "clickhouse_away" in process.said(), "the sink has noticed")
        assert bench.lag(TOPICS) == 50
        revive(own_clickhouse)
        settle(bench)
        assert process.running
        assert len(bench.views(meeting.tenant_id)["v_turns"]) == 53
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("away", "setting"),
    [
        ("ClickHouse", {"EARSHOT_CLICKHOUSE_PORT": "1"}),
        ("Kafka", {"EARSHOT_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}),
        ("schema registry", {"EARSHOT_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1/apis/ccompat/v7"}),
        ("no name for a database", {"EARSHOT_CLICKHOUSE_DATABASE": "a-b; DROP"}),
    ],
)
def test_what_is_missing_at_start_is_said_with_its_remedy(bench: Bench, away: str, setting: dict[str, str]) -> None:
    """A service away at start, or a name that is none: two lines and a non-zero exit."""
    sink = bench.start_sink(**setting)
    assert sink.wait(60) in {2, 3}
    assert away in sink.said()
    assert "remedy: " in sink.said()
    assert "Traceback" not in sink.said()
