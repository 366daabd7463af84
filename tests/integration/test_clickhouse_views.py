"""Tables and views on a real ClickHouse: the rows a record becomes are what the columns take and what the views say."""

import itertools
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.clickhouse import ClickHouseServer
from schemas.errors import InvalidRecord
from schemas.topics import TRANSCRIPT_TURNS
from schemas.vocabulary import TurnState
from sinks.clickhouse.database.migrate import migrate
from sinks.clickhouse.delivery.writer import Writer
from sinks.clickhouse.mapping.rows import row_of
from sinks.clickhouse.mapping.tables import COLUMN_NAMES
from sinks.clickhouse.server.adapter import Refused, Server
from sinks.clickhouse.server.refusal import Refusal
from tests.fakes.clickhouse_bench import VIEWS, Bench, Log, write
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.fresh_name import fresh

pytestmark = pytest.mark.integration
OFFSETS = itertools.count()


@pytest.fixture(scope="module")
def server(clickhouse: ClickHouseServer) -> Iterator[Server]:
    server = Server(bench_of(clickhouse).settings())
    yield server
    server.close()


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    """A database with everything in it."""
    name = fresh("db")
    migrate(server, name)
    return name


def bench_of(clickhouse: ClickHouseServer) -> Bench:
    return Bench(Log("127.0.0.1:1", "http://127.0.0.1:1"), clickhouse.host, clickhouse.port)


def tables_of(server: Server, database: str) -> dict[str, str]:
    found = server.run(f"SELECT name, create_table_query FROM system.tables WHERE database = '{database}'")
    return {str(name): str(query).replace(database, "db") for name, query in found}


@pytest.mark.parametrize("table", COLUMN_NAMES)
def test_a_row_has_exactly_the_columns_of_its_table(server: Server, database: str, table: str) -> None:
    """What the sink fills is what the table has, but for what ClickHouse stamps and works out itself."""
    described = server.run(f"DESCRIBE TABLE {database}.{table}")
    columns = [name for name, _, origin, *_ in described if origin != "MATERIALIZED"]
    assert list(COLUMN_NAMES[table]) == [name for name in columns if name != "ingested_at"]


def test_every_table_and_view_says_what_a_row_is(server: Server, database: str) -> None:
    """Each has a comment that begins with its unit; no view takes its columns from a star."""
    comments = dict(server.run(f"SELECT name, comment FROM system.tables WHERE database = '{database}'"))
    assert set(VIEWS) <= set(comments)
    assert all("One row for each" in str(comment) for comment in comments.values())
    views = [text for name, text in tables_of(server, database).items() if name.startswith("v_")]
    assert not any(re.search(r"(SELECT|,)\s+(\w+\.)?\*", text) for text in views)


def write_turns(server: Server, database: str, meeting: Meeting, revisions: list[tuple[int, int]]) -> None:
    """Each revision as a batch of its own: whatever merges is merged by ClickHouse, not by us."""
    writer = Writer(server, database=database, group=meeting.bot_id)
    for number, revision in revisions:
        assert (
            write(writer, TRANSCRIPT_TURNS, [meeting.turn(number, revision, said(number, revision))], [next(OFFSETS)])
            == []
        )


def said(number: int, revision: int) -> str:
    """Later revisions may have more words or fewer."""
    return " ".join(f"w{number}.{revision}.{place}" for place in range((number * 7 + revision * 5) % 4))


HISTORY = [(number, revision) for number in range(3) for revision in range(1, 4)]


@settings(max_examples=12, deadline=None)
@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY), max_size=6))
def test_any_order_and_repetition_of_revisions_gives_one_transcript(
    server: Server, database: str, order: list[tuple[int, int]], again: list[tuple[int, int]]
) -> None:
    """The last revision of each turn, in order, and exactly its words."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    write_turns(server, database, meeting, [*order, *again])
    mine = f"WHERE bot_id = '{meeting.bot_id}'"
    turns = server.run(f"SELECT turn_id, revision, text FROM {database}.v_turns {mine}")
    assert turns == [(f"turn_{number}", 3, said(number, 3)) for number in range(3)]
    words = server.run(f"SELECT word FROM {database}.v_words {mine} ORDER BY start_ms, word_index")
    assert [word for (word,) in words] == [word for number in range(3) for word in said(number, 3).split()]


def test_the_property_would_see_a_view_without_final(server: Server, database: str) -> None:
    """Negative control: read past FINAL, the same history shows every revision."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    server.run(f"SYSTEM STOP MERGES {database}.turns")
    write_turns(server, database, meeting, HISTORY)
    mine = f"WHERE bot_id = '{meeting.bot_id}'"
    raw = server.run(f"SELECT turn_id, revision FROM {database}.turns {mine}")
    server.run(f"SYSTEM START MERGES {database}.turns")
    assert len(raw) == len(HISTORY) > 3


def test_a_turn_that_is_not_settled_is_not_in_the_transcript(server: Server, database: str) -> None:
    """v_turns and v_words show settled turns only."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    writer = Writer(server, database=database, group=meeting.bot_id)
    write(writer, TRANSCRIPT_TURNS, [meeting.turn(1, state=TurnState.FINAL)], [next(OFFSETS)])
    for view in ("v_turns", "v_words"):
        assert server.run(f"SELECT count() FROM {database}.{view} WHERE bot_id = '{meeting.bot_id}'") == [(0,)]


def test_one_batch_written_twice_is_in_the_table_once(server: Server, database: str) -> None:
    """The token drops the second write even from raw counts; another token does not (negative control)."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    turns = [meeting.turn(number) for number in range(5)]
    raw = f"SELECT count() FROM {database}.turns WHERE bot_id = '{meeting.bot_id}'"
    server.run(f"SYSTEM STOP MERGES {database}.turns")
    for group, expected in ((meeting.bot_id, 5), (meeting.bot_id, 5), ("another group", 10)):
        write(Writer(server, database=database, group=group), TRANSCRIPT_TURNS, turns, range(5))
        assert server.run(raw) == [(expected,)]
    server.run(f"SYSTEM START MERGES {database}.turns")


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-10, 10)
TEXTS = st.text(st.characters(codec=None), max_size=8) | st.none()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "revision": NUMBERS,
                "start_ms": NUMBERS,
                "seq_from": NUMBERS,
                "recording_started_at_us": st.integers(-1, 2**53),
                "attribution_confidence": st.floats(width=32),
                "participant_id": TEXTS,
                "text": TEXTS,
            }
        ),
        max_size=4,
    )
)
def test_whatever_becomes_a_row_the_server_takes(
    server: Server, database: str, changes: list[dict[str, object]]
) -> None:
    """No row that passed the mapper is ever refused, so no row ever costs its neighbours their insert."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    fitting = []
    for number, change in enumerate([{}, *changes]):
        with suppress(InvalidRecord):
            turn = meeting.turn(number, **change)
            row_of(TRANSCRIPT_TURNS.name, turn, partition=0, offset=number)
            fitting.append(turn)
    writer = Writer(server, database=database, group=meeting.bot_id)
    assert write(writer, TRANSCRIPT_TURNS, fitting, range(len(fitting))) == []
    mine = f"WHERE bot_id = '{meeting.bot_id}'"
    assert server.run(f"SELECT count() FROM {database}.v_turns {mine}") == [(len(fitting),)]


def test_a_dropped_column_is_the_schemas_fault(server: Server) -> None:
    """Drift is neither retried nor taken for poison: the sink stops and says so."""
    name, meeting = fresh("db"), Meeting(fresh("tenant"), fresh("bot"))
    migrate(server, name)
    server.run(f"ALTER TABLE {name}.turns DROP COLUMN reason")
    with pytest.raises(Refused) as refused:
        write_turns(server, name, meeting, [(1, 1)])
    assert refused.value.refusal is Refusal.SCHEMA
    assert "reason" in refused.value.message


def test_the_meetings_own_rows_are_found_by_the_primary_key(server: Server, database: str) -> None:
    """A view over a filled table reads the granules of the meeting that is asked for, not the table."""
    name, tenant_id = fresh("db"), fresh("tenant")
    migrate(server, name)
    server.run(
        f"INSERT INTO {name}.turns (tenant_id, meeting_id, bot_id, turn_id, revision, state, recording_started_at) "
        f"SELECT '{tenant_id}', toString(number % 100), 'bot', toString(number), 1, 'end_of_turn', '2026-11-22 00:00:00' "
        "FROM numbers(100000)"
    )
    for view in ("v_turns", "v_words", "v_talk_time", "v_meetings", "v_crosstalk", "v_monologues", "v_interruptions"):
        plan = server.run(
            f"EXPLAIN indexes = 1 SELECT * FROM {name}.{view} WHERE tenant_id = '{tenant_id}' AND meeting_id = '42'"
        )
        granules = [str(line).split("Granules: ")[1] for (line,) in plan if "Granules: " in str(line)]
        shares = [(int(read), int(there)) for read, _, there in (entry.partition("/") for entry in granules) if there]
        assert min(shares)[0] <= 3 < max(shares)[1], (view, granules)
