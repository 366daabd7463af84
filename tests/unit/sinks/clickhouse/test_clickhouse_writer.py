"""Writing a block: the rows that ClickHouse will not have are found by halving, and all others are in once."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import EarshotError
from schemas.topics import TRANSCRIPT_TURNS
from sinks.clickhouse.delivery.agreement import disagreements
from sinks.clickhouse.delivery.writer import HOPELESS_ROWS, Writer
from sinks.clickhouse.mapping.block import Block
from sinks.clickhouse.mapping.columns import Optional, Whole, text
from sinks.clickhouse.mapping.tables import COLUMN_NAMES, DEAD_LETTERS, TABLES, TURNS
from sinks.clickhouse.server.adapter import NotNow, Refused, Server
from sinks.clickhouse.server.refusal import Refusal
from tests.fakes.clickhouse_bench import batch_of

BAD = Refused("a row is bad", Refusal.DATA)


def type_of(encode: object) -> str:
    """A type of the server that holds what the encoder gives."""
    if isinstance(encode, Optional):
        return f"Nullable({type_of(encode.encode)})"
    if isinstance(encode, Whole):
        return "Int64" if encode.lowest < 0 else "UInt64"
    kinds = {"flag": "Bool", "moment": "DateTime64(6, 'UTC')", "real": "Float32", "texts": "Array(String)"}
    return kinds.get(getattr(encode, "__name__", ""), "LowCardinality(String)")


GOOD_TYPES = {
    **{
        column.name: f"Array({type_of(column.encode)})" if column.entry else type_of(column.encode)
        for column in TURNS.columns
    },
    "log_partition": "UInt16",
    "log_offset": "UInt64",
}


class Table(Server):
    """A server with one table that refuses blocks with certain offsets in them, and drops repeated tokens."""

    def __init__(
        self, refuses: Callable[[list[int]], EarshotError | None], types: dict[str, str] | None = None
    ) -> None:
        self.refuses = refuses
        self.types = types or GOOD_TYPES
        self.rows: list[int] = []
        self.tokens: list[str] = []

    def run(self, statement: str) -> list[tuple[object, ...]]:
        assert statement == "DESCRIBE TABLE db.turns"
        return list(self.types.items())

    def insert_block(self, database: str, block: Block, *, token: str) -> None:
        error = self.refuses(list(block.offsets))
        if error:
            raise error
        if token not in self.tokens:
            self.tokens.append(token)
            self.rows += block.offsets


def bad_offsets(bad: set[int]) -> Callable[[list[int]], EarshotError | None]:
    return lambda offsets: BAD if bad & set(offsets) else None


def write(table: Table, offsets: list[int]) -> list[int]:
    block = Block("turns", [offsets], offsets)
    writer = Writer(table, database="db", group="g")
    return [row.offset for row in writer.write(batch_of(TRANSCRIPT_TURNS, offsets), block)]


@given(
    st.lists(st.integers(0, 60), min_size=1, unique=True)
    .map(sorted)
    .flatmap(lambda offsets: st.tuples(st.just(offsets), st.sets(st.sampled_from(offsets), max_size=HOPELESS_ROWS - 1)))
)
def test_every_good_row_is_in_once_and_every_bad_one_is_named(drawn: tuple[list[int], set[int]]) -> None:
    """However the bad ones lie; and again, when the same batch is written a second time."""
    offsets, bad = drawn
    table = Table(bad_offsets(bad))
    for _ in range(2):
        assert sorted(write(table, offsets)) == sorted(bad)
        assert sorted(table.rows) == [offset for offset in offsets if offset not in bad]


def test_the_halves_have_tokens_of_their_own() -> None:
    """Of their exact ranges, which together are the batch's."""
    table = Table(bad_offsets({3}))
    write(table, [1, 2, 3, 4, 5])
    spans = [token.split(":")[-2] for token in table.tokens]
    assert spans == ["1-2", "4-5"]


def test_a_table_that_takes_no_row_is_stopped_and_nothing_is_buried() -> None:
    """A constraint that refuses everything is the table's fault, not the rows'."""
    table = Table(lambda _: BAD)
    with pytest.raises(Refused, match="no row is taken") as refused:
        write(table, list(range(100)))
    assert refused.value.refusal is Refusal.SCHEMA
    assert write(Table(lambda _: BAD), [7]) == [7]


@pytest.mark.parametrize("first", [0, 40, 80])
def test_many_bad_rows_that_lie_together_are_not_taken_for_a_bad_table(first: int) -> None:
    """A producer that wrote nonsense for a while costs nobody else, wherever in the batch that was."""
    bad = set(range(first, first + 2 * HOPELESS_ROWS))
    table = Table(bad_offsets(bad))
    assert set(write(table, list(range(100)))) == bad
    assert sorted(table.rows) == [offset for offset in range(100) if offset not in bad]


@pytest.mark.parametrize("name", ["text", "start_ms", "recording_started_at", "words.confidence", "words.text"])
def test_a_column_of_another_type_stops_the_table_and_buries_nothing(name: str) -> None:
    """One good record alone in its batch must not become a dead letter because somebody altered the table."""
    table = Table(lambda _: BAD, {**GOOD_TYPES, name: "UInt8"})
    with pytest.raises(Refused, match=rf"its column {name} is UInt8") as refused:
        write(table, [7])
    assert refused.value.refusal is Refusal.SCHEMA


@pytest.mark.parametrize("refusal", [Refusal.SCHEMA, Refusal.ACCESS])
def test_what_halving_cannot_mend_is_not_halved(refusal: Refusal) -> None:
    """It is raised as it came, at the first try or among the halves."""
    error = Refused("no", refusal)
    with pytest.raises(Refused):
        write(Table(lambda _: error), [1, 2])
    with pytest.raises(Refused) as refused:
        write(Table(lambda offsets: BAD if len(offsets) > 1 else error), [1, 2])
    assert refused.value is error


def test_an_outage_among_the_halves_is_tried_again_from_the_whole() -> None:
    """What was in already is dropped by its token."""
    outages = [NotNow("gone", Refusal.UNKNOWN)]
    table = Table(lambda offsets: BAD if 3 in offsets else outages.pop() if outages and 4 in offsets else None)
    with pytest.raises(NotNow):
        write(table, [1, 2, 3, 4])
    assert write(table, [1, 2, 3, 4]) == [3]
    assert sorted(table.rows) == [1, 2, 4]


def test_agreement_is_about_names_and_what_a_type_can_hold() -> None:
    """Wider integers, enums and low cardinality hold what we send; narrower ones and others do not."""
    assert disagreements("turns", GOOD_TYPES) == []
    assert disagreements("turns", {**GOOD_TYPES, "state": "Enum8('final' = 1)", "epoch": "UInt64"}) == []
    assert disagreements("turns", {**GOOD_TYPES, "epoch": "Int32"}) == ["its column epoch is Int32"]
    gone = {name: kind for name, kind in GOOD_TYPES.items() if name != "reason"}
    assert disagreements("turns", gone) == ["it has no column reason"]
    assert disagreements(DEAD_LETTERS, dict.fromkeys(COLUMN_NAMES[DEAD_LETTERS], "String")) == []
    assert {entry.name for entry in TABLES.values()} | {DEAD_LETTERS} == set(COLUMN_NAMES)
    assert text("x", None) == ""
