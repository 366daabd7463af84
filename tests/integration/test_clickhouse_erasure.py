"""Erasure on real services: what is asked for goes from every table and view, and stays gone when a replay brings it back."""

import json
import subprocess
from collections.abc import Iterator
from threading import Event, Thread

import msgspec
import pytest

from infra.local.clickhouse import ClickHouseServer
from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.settings import ClickHouseSettings
from schemas.timebase import SystemClock
from schemas.topics import ERASURE_COMMANDS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS
from schemas.vocabulary import TurnState
from sinks.clickhouse.database.migrate import migrate
from sinks.clickhouse.database.views import VIEWS
from sinks.clickhouse.erasure.eraser import Eraser
from sinks.clickhouse.erasure.erasing import BY_BOT, Erasure, quoted, removals
from sinks.clickhouse.erasure.request import command
from sinks.clickhouse.mapping.rows import dead_row
from sinks.clickhouse.mapping.tables import COLUMN_NAMES
from sinks.clickhouse.server.adapter import Server
from tests.fakes.clickhouse_bench import Bench, Log
from tests.fakes.clickhouse_meeting import Meeting, Posted
from tests.fakes.clickhouse_rows import write
from tests.fakes.earshot_process import EARSHOT
from tests.fakes.fresh_name import fresh
from tests.fakes.waiting import until

pytestmark = pytest.mark.integration
NOW_US = 1_800_000_000_000_000
SEEN = [view for view in VIEWS if view not in ("v_phrase", "v_erasures")]


@pytest.fixture(scope="module")
def settings(clickhouse: ClickHouseServer) -> ClickHouseSettings:
    return Bench(Log("127.0.0.1:1", "http://127.0.0.1:1"), clickhouse.host, clickhouse.port).settings()


@pytest.fixture(scope="module")
def server(settings: ClickHouseSettings) -> Iterator[Server]:
    server = Server(settings)
    migrate(server, settings.clickhouse_database)
    yield server
    server.close()


@pytest.fixture
def eraser(settings: ClickHouseSettings, server: Server) -> Iterator[Eraser]:
    eraser = Eraser(settings, SystemClock())
    while eraser.sweep():  # what other tests asked for, or left behind, is not counted here
        pass
    yield eraser
    eraser.close()


@pytest.fixture
def meeting() -> Meeting:
    return Meeting(fresh("tenant"), fresh("bot"))


def ask(server: Server, database: str, meeting: Meeting, participant_id: str | None = None) -> None:
    """The row that the command becomes."""
    asked = command(meeting.tenant_id, meeting.bot_id, participant_id, by="test", reason="", now_us=NOW_US)
    write(server, database, [(ERASURE_COMMANDS, asked)], group=meeting.bot_id)


def rows_in_tables(server: Server, database: str, meeting: Meeting) -> dict[str, int]:
    """Raw rows of the bot by table, past every view."""
    mine = f"tenant_id = '{meeting.tenant_id}' AND bot_id = '{meeting.bot_id}'"
    letters = f"key = '{meeting.bot_id}'"
    tables = {**dict.fromkeys(BY_BOT, mine), "sink_dead_letters": letters}
    counted = {
        table: server.run(f"SELECT count() FROM {database}.{table} WHERE {where}")[0][0]
        for table, where in tables.items()
    }
    return {table: int(str(count)) for table, count in counted.items()}


def rows_in_views(server: Server, database: str, meeting: Meeting) -> dict[str, int]:
    return {
        view: int(
            str(server.run(f"SELECT count() FROM {database}.{view} WHERE tenant_id = '{meeting.tenant_id}'")[0][0])
        )
        for view in SEEN
    }


def put_letter(server: Server, database: str, meeting: Meeting) -> None:
    origin = RawRecord("transcript.turns", 0, int(fresh("x")[2:], 16) % 2**31, meeting.bot_id.encode(), b"\0broken", ())
    row = dead_row(origin, stage="test", error=InvalidRecord("broken", error_class="test"), failed_at_us=NOW_US)
    names = ", ".join(f"`{name}`" for name in COLUMN_NAMES[row.table])
    values = (meeting.tenant_id, *row.values[1:7], SystemClock().now_us(), *row.values[8:])
    server.insert(f"{database}.{row.table} ({names})", [values], token=fresh("token"))


def test_everything_of_a_bot_goes_and_its_neighbour_stays(
    server: Server, settings: ClickHouseSettings, eraser: Eraser, meeting: Meeting
) -> None:
    """All tables and views are empty of it, the receipt counts what went, and another bot of the tenant lost nothing."""
    database = settings.clickhouse_database
    neighbour = Meeting(meeting.tenant_id, fresh("bot"), meeting.meeting_id)
    for one in (meeting, neighbour):
        write(server, database, one.records(), group=one.bot_id)
        put_letter(server, database, one)
    before, theirs = rows_in_tables(server, database, meeting), rows_in_tables(server, database, neighbour)
    assert all(before.values())
    ask(server, database, meeting)
    assert eraser.sweep() == 1
    assert not any(rows_in_tables(server, database, meeting).values())
    assert rows_in_tables(server, database, neighbour) == theirs
    [(rows, left, receipts)] = server.run(
        f"SELECT rows_by_table, rows_left, receipts FROM {database}.v_erasures WHERE bot_id = '{meeting.bot_id}'"
    )
    assert (rows, left, receipts) == (before, 0, 1)
    masked = f"SELECT count() FROM system.parts WHERE database = '{database}' AND active AND has_lightweight_delete"
    assert server.run(masked) == [(0,)], "the rows are off the disk, not only hidden"
    assert eraser.sweep() == 0


def test_tombstones_hide_rows_before_they_go_and_when_they_come_back(
    server: Server, settings: ClickHouseSettings, eraser: Eraser, meeting: Meeting
) -> None:
    """No view shows a row from the moment of the request on, nor after a replay; the next sweep removes it again."""
    database = settings.clickhouse_database
    write(server, database, meeting.records(), group=meeting.bot_id)
    assert rows_in_views(server, database, meeting)["v_turns"] == 3
    ask(server, database, meeting)
    assert not any(rows_in_views(server, database, meeting).values())
    assert any(rows_in_tables(server, database, meeting).values()), "nothing was swept yet: the views hide it"
    assert eraser.sweep() == 1
    write(server, database, meeting.records(), group="a replay")
    assert any(rows_in_tables(server, database, meeting).values())
    assert not any(rows_in_views(server, database, meeting).values())
    assert eraser.sweep() == 1
    assert not any(rows_in_tables(server, database, meeting).values())
    found = f"SELECT receipts, rows_left FROM {database}.v_erasures WHERE bot_id = '{meeting.bot_id}'"
    assert server.run(found) == [(2, 0)]


def test_without_a_tombstone_a_replay_would_bring_rows_back(
    server: Server, settings: ClickHouseSettings, eraser: Eraser, meeting: Meeting
) -> None:
    """Negative control: the rows alone removed, the replay shows them again and no sweep sees them."""
    database = settings.clickhouse_database
    write(server, database, meeting.records(), group=meeting.bot_id)
    for removal in removals(Erasure(meeting.tenant_id, meeting.bot_id, "", "evt"), ()):
        for statement in removal.statements(database):
            server.run(statement)
    assert not any(rows_in_views(server, database, meeting).values())
    write(server, database, meeting.records(), group="a replay")
    assert rows_in_views(server, database, meeting)["v_turns"] == 3
    assert eraser.sweep() == 0


def conversation(meeting: Meeting) -> list[Posted]:
    """Two speak; what the first says is attributed late, so revision 1 of it names nobody."""
    nobody = {"participant_id": None, "display_name": None}
    return [
        (TRANSCRIPT_PARTIALS, meeting.turn(1, 1, "my secret", state=TurnState.PARTIAL, **nobody)),
        (TRANSCRIPT_TURNS, meeting.turn(1, 2, "my secret", **nobody)),
        (TRANSCRIPT_TURNS, meeting.turn(1, 3, "my secret", participant_id="janus:7")),
        (TRANSCRIPT_TURNS, meeting.turn(2, 1, "oh dear", participant_id="janus:8", overlaps=("janus:7", "janus:9"))),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_participant_s_words_go_in_every_revision(
    server: Server, settings: ClickHouseSettings, eraser: Eraser, meeting: Meeting, order: int
) -> None:
    """Also revisions from before the attribution; the other's turn stays, without the mention. A replay changes nothing."""
    database = settings.clickhouse_database
    write(server, database, conversation(meeting)[::order], group=meeting.bot_id)
    ask(server, database, meeting, "janus:7")
    for group in ("first", "replay"):
        assert eraser.sweep() >= 1
        mine = f"WHERE tenant_id = '{meeting.tenant_id}' AND bot_id = '{meeting.bot_id}'"
        for table in ("turns", "turn_revisions"):
            assert server.run(f"SELECT count() FROM {database}.{table} {mine} AND position(text, 'secret') > 0") == [
                (0,)
            ]
        turns = server.run(f"SELECT text, overlaps FROM {database}.v_turns {mine}")
        assert turns == [("oh dear", ["janus:9"])]
        # revision 2 alone, which names nobody, must not come to light either
        write(server, database, conversation(meeting)[:2], group=group)
        assert [row[0] for row in server.run(f"SELECT text FROM {database}.v_turns {mine}")] == ["oh dear"]
        assert server.run(f"SELECT count() FROM {database}.v_turn_revisions {mine}") == [(0,)]
        assert server.run(f"SELECT sum(turns) FROM {database}.v_latency WHERE tenant_id = '{meeting.tenant_id}'") == [
            (1,)
        ]


def test_a_participant_s_traces_go(
    server: Server, settings: ClickHouseSettings, eraser: Eraser, meeting: Meeting
) -> None:
    """What the platform said of them goes; the ledger and the bills stay, without their id."""
    database = settings.clickhouse_database
    write(server, database, meeting.records(), group=meeting.bot_id)
    ask(server, database, meeting, "janus:1")
    assert eraser.sweep() == 1
    mine = f"WHERE tenant_id = '{meeting.tenant_id}'"
    for view in ("v_participant_events", "v_participants", "v_presence"):
        assert server.run(f"SELECT count() FROM {database}.{view} {mine}") == [(0,)]
    assert server.run(f"SELECT participant_id, text FROM {database}.v_turns {mine}") == [("", "who")]
    ledger = f"SELECT `ledger_streams.participant_id`, `ledger_streams.units_audio` FROM {database}.v_bot_events {mine} AND state = 'done'"
    assert server.run(ledger) == [([""], [900])]
    assert server.run(f"SELECT count() FROM {database}.v_sessions {mine}") == [(1,)]


def test_names_with_quotes_are_quoted(server: Server, settings: ClickHouseSettings, eraser: Eraser) -> None:
    """An id that looks like SQL is erased like any other, and nothing else is."""
    database = settings.clickhouse_database
    odd, other = Meeting(fresh("tenant"), "b' OR 1=1 --\\"), Meeting(fresh("tenant"), fresh("bot"))
    for one in (odd, other):
        write(server, database, one.records(), group=one.bot_id)
    asked = command(odd.tenant_id, odd.bot_id, None, by="test", reason="", now_us=NOW_US)
    write(server, database, [(ERASURE_COMMANDS, asked)])
    assert eraser.sweep() == 1
    whose = f"WHERE tenant_id = '{odd.tenant_id}' AND bot_id = {quoted(odd.bot_id)}"
    assert server.run(f"SELECT count() FROM {database}.turns {whose}") == [(0,)]
    assert rows_in_views(server, database, other)["v_turns"] == 3


def test_two_sweepers_share_the_work(
    server: Server, settings: ClickHouseSettings, eraser: Eraser, meeting: Meeting
) -> None:
    """Two processes of the sink sweep at once: one carries the erasure out, and there is one receipt."""
    database = settings.clickhouse_database
    write(server, database, meeting.records(), group=meeting.bot_id)
    ask(server, database, meeting)
    done: list[int] = []

    def sweep() -> None:
        another = Eraser(settings, SystemClock())
        done.append(another.sweep())
        another.close()

    threads = [Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 1]
    assert server.run(f"SELECT count() FROM {database}.erasure_receipts WHERE bot_id = '{meeting.bot_id}'") == [(1,)]


def test_a_sweeper_outlives_an_outage(settings: ClickHouseSettings) -> None:
    """A server that is away is waited for: the thread goes on, and ends when it is told to."""
    away = settings.model_copy(update={"clickhouse_port": 1, "clickhouse_erasure_sweep_s": 0.05})
    stopping = Event()
    thread = Thread(target=Eraser(away, SystemClock()).run, args=(stopping,))
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    stopping.set()
    thread.join(20)
    assert not thread.is_alive()


def test_the_command_goes_over_the_log_and_comes_back_as_a_receipt(
    clickhouse: ClickHouseServer, kafka_bootstrap: str, registry_url: str, meeting: Meeting
) -> None:
    """`earshot clickhouse erase` beside a running sink prints what was removed; asked again it prints the same receipt."""
    bench = Bench(Log(kafka_bootstrap, registry_url), clickhouse.host, clickhouse.port, clickhouse.http_port)
    try:
        bench.log.post(meeting.records())
        bench.start_sink(EARSHOT_CLICKHOUSE_ERASURE_SWEEP_S="0.5")
        until(lambda: bench.number(f"SELECT count() FROM {{db}}.turns WHERE bot_id = '{meeting.bot_id}'") > 0, "rows")
        environment = {**bench.environment(), "EARSHOT_TENANT_ID": meeting.tenant_id}
        erase = [*EARSHOT, "clickhouse", "erase", "--bot", meeting.bot_id, "--reason", "request 1"]
        first, again = (
            json.loads(subprocess.run(erase, env=environment, capture_output=True, check=True, timeout=90).stdout)
            for _ in range(2)
        )
        assert first["rows_by_table"]["turns"] > 0
        assert first["rows_left"] == 0
        assert again["carried_out_at"] == first["carried_out_at"]
        assert bench.number(f"SELECT count() FROM {{db}}.turns WHERE bot_id = '{meeting.bot_id}'") == 0
    finally:
        bench.close()


def test_asking_twice_is_the_same_command() -> None:
    """The id is made of what is to go, so two requests are one; another participant is another."""
    first = command("t", "b", "p", by="one", reason="", now_us=1)
    again = command("t", "b", "p", by="two", reason="x", now_us=2)
    assert first.event_id == again.event_id
    assert command("t", "b", None, by="one", reason="", now_us=1).event_id != first.event_id
    assert msgspec.structs.asdict(first)["participant_id"] == "p"
