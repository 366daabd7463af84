"""The delivery protocol, step by step: what is committed, inserted and buried, in which order, and what follows a refusal."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.errors import EarshotError, InvalidRecord, RegistryUnavailable
from schemas.registry import schema_text
from schemas.topics import MEETING_PARTICIPANTS, TRANSCRIPT_TURNS, Topic
from schemas.vocabulary import ParticipantKind
from sinks.clickhouse.delivery.batch import Batch, Entry, Place
from sinks.clickhouse.delivery.delivery import Delivery
from sinks.clickhouse.delivery.fault_point import FaultPoints
from sinks.clickhouse.delivery.intake import Mark
from sinks.clickhouse.delivery.intent import Intent, intent_of
from sinks.clickhouse.delivery.mapper import FEW, Mapped, Mapper
from sinks.clickhouse.delivery.retry import DELAYS_MS, STOPPED_DELAYS_MS
from sinks.clickhouse.delivery.writer import BadRow
from sinks.clickhouse.mapping.block import Block
from sinks.clickhouse.mapping.tables import DEAD_LETTERS, MAPPER_VERSION
from sinks.clickhouse.server.adapter import NotNow, Refused
from sinks.clickhouse.server.refusal import Refusal
from tests.fakes.clickhouse_meeting import Meeting

MEETING = Meeting("tenant", "bot_1")
TURNS: Place = (TRANSCRIPT_TURNS.name, 0)
PEOPLE: Place = (MEETING_PARTICIPANTS.name, 0)


class OneSchema:
    """A registry in which every topic of ours has its schema; `away` makes it not answer."""

    away = False

    def register(self, topic: Topic) -> int:
        return 1 if topic is TRANSCRIPT_TURNS else 2

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        if self.away:
            raise RegistryUnavailable("away")
        found: dict[str, Any] = json.loads(schema_text("turn.v1" if schema_id == 1 else "participant_event.v1"))
        return found


class World:
    """Kafka, ClickHouse and the clock as the delivery sees them; `steps` is what it did, in order."""

    def __init__(self) -> None:
        self.steps: list[tuple[object, ...]] = []
        self.now = 1000.0
        self.refuses_commit = False
        self.errors: dict[str, EarshotError] = {}
        self.bad: list[BadRow] = []
        self.schemas = OneSchema()
        self.codec = Codec(self.schemas)
        self.delivery = Delivery(
            self,  # type: ignore[arg-type]
            Mapper(self.codec, "sink"),
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            clock=self,
            stage="sink",
            faults=FaultPoints(""),
        )

    def now_us(self) -> int:
        return int(self.now * 1000)

    def monotonic_ms(self) -> float:
        return self.now

    def commit(self, marks: Mapping[Place, Mark]) -> set[Place]:
        if not marks:
            return set()
        for place, mark in marks.items():
            word = "intent" if intent_of(mark.metadata) else "end"
            self.steps.append(("refused" if self.refuses_commit else "commit", word, place[0], mark.offset))
        return set() if self.refuses_commit else set(marks)

    def write(self, batch: Batch, block: Block) -> list[BadRow]:
        if block.table in self.errors:
            self.steps.append(("failed", block.table))
            raise self.errors[block.table]
        self.steps.append(("insert", block.table, list(block.offsets)))
        bad, self.bad = self.bad, []
        return bad

    def bury(self, dead: Sequence[tuple[RawRecord, InvalidRecord]]) -> None:
        if dead:
            self.steps.append(("bury", [record.offset for record, _ in dead]))

    def offer(self, place: Place, values: list[bytes], first: int = 5) -> None:
        entries = tuple(
            Entry(first + number, value, lambda offset=first + number: RawRecord(*place, offset, None, b"", ()))  # type: ignore[misc]
            for number, value in enumerate(values)
        )
        last = entries[-1].offset
        intent = Intent(first_offset=first, last_offset=last, records=len(values), mapper_version=MAPPER_VERSION)
        self.delivery.take([Batch(place, entries, intent)])

    def advance(self) -> list[tuple[object, ...]]:
        """What one pass does."""
        self.steps = []
        self.delivery.advance()
        return self.steps


@pytest.fixture
def world() -> World:
    return World()


def turn(world: World, number: int = 1, **changes: object) -> bytes:
    return world.codec.encode(TRANSCRIPT_TURNS, MEETING.turn(number, **changes))  # type: ignore[arg-type]


def person(world: World) -> bytes:
    return world.codec.encode(MEETING_PARTICIPANTS, MEETING.participant(1, ParticipantKind.JOIN))


ALL_WELL = [
    ("commit", "intent", "transcript.turns", 5),
    ("insert", "turns", [5, 6]),
    ("commit", "end", "transcript.turns", 7),
]


def test_intent_then_insert_then_end(world: World) -> None:
    """In that order, each once, and then there is nothing left to do."""
    world.offer(TURNS, [turn(world), turn(world)])
    assert world.advance() == ALL_WELL
    assert world.advance() == []
    assert world.delivery.busy == set()


def test_rows_of_one_batch_are_made_while_anothers_are_inserted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The insert of the first does not end before the second is mapped; each is still committed only after its own insert."""
    second_is_mapped = threading.Event()
    mapped, write = Mapper.mapped, world.write

    def noted(self: Mapper, batch: Batch) -> Mapped:
        if batch.place == PEOPLE:
            second_is_mapped.set()
        return mapped(self, batch)

    def held(batch: Batch, block: Block) -> list[BadRow]:
        assert second_is_mapped.wait(20)
        return write(batch, block)

    monkeypatch.setattr(Mapper, "mapped", noted)
    monkeypatch.setattr(world, "write", held)
    world.offer(TURNS, [turn(world)])
    world.offer(PEOPLE, [person(world)])
    inserts_and_ends = [step[:2] for step in world.advance() if step[1] != "intent"]
    assert inserts_and_ends == [
        ("insert", "turns"),
        ("insert", "participant_events"),
        ("commit", "end"),
        ("commit", "end"),
    ]


@pytest.mark.parametrize("size", [FEW - 1, FEW])
def test_a_batch_is_the_same_rows_read_at_once_or_one_by_one(world: World, size: int) -> None:
    """On either side of the threshold."""
    world.offer(TURNS, [turn(world, number) for number in range(size)])
    assert world.advance()[1] == ("insert", "turns", list(range(5, 5 + size)))


def test_without_the_intent_in_writing_nothing_is_inserted(world: World) -> None:
    """The group has given this member up, or makes up its mind: nothing may be done for the partition."""
    world.offer(TURNS, [turn(world), turn(world)])
    world.refuses_commit = True
    assert world.advance() == [("refused", "intent", "transcript.turns", 5)]
    world.refuses_commit = False
    assert world.advance() == ALL_WELL


def test_a_refused_end_goes_with_the_next_intent(world: World) -> None:
    """No insert is repeated for it."""
    world.offer(TURNS, [turn(world)])
    insert = world.write
    world.write = lambda batch, block: (setattr(world, "refuses_commit", True), insert(batch, block))[1]  # type: ignore[method-assign]
    assert world.advance()[-1] == ("refused", "end", "transcript.turns", 6)
    world.write, world.refuses_commit = insert, False  # type: ignore[method-assign]
    world.offer(TURNS, [turn(world)], first=6)
    assert world.advance() == [
        ("commit", "intent", "transcript.turns", 6),
        ("insert", "turns", [6]),
        ("commit", "end", "transcript.turns", 7),
    ]


def test_an_unknown_outcome_is_tried_again_and_everybody_waits(world: World) -> None:
    """The same batch, without another intent, after a while; no other table is asked meanwhile."""
    world.errors["participant_events"] = NotNow("broke off", Refusal.UNKNOWN)
    world.offer(PEOPLE, [person(world)])
    world.offer(TURNS, [turn(world), turn(world)])
    steps = world.advance()
    assert [step for step in steps if step[0] != "commit"] == [("failed", "participant_events")]
    assert world.advance() == []
    world.errors.clear()
    world.now += DELAYS_MS[0]
    assert [step[:2] for step in world.advance()] == [
        ("insert", "participant_events"),
        ("insert", "turns"),
        ("commit", "end"),
        ("commit", "end"),
    ]


@pytest.mark.parametrize("refusal", [Refusal.SCHEMA, Refusal.ACCESS])
def test_a_stopped_table_stops_alone(world: World, refusal: Refusal) -> None:
    """The others go on; it is asked again by and by, and goes on by itself."""
    world.errors["participant_events"] = Refused("no", refusal)
    world.offer(PEOPLE, [person(world)])
    world.offer(TURNS, [turn(world), turn(world)])
    assert ("insert", "turns", [5, 6]) in world.advance()
    assert world.delivery.outages.stopped() == {"participant_events": "no"}
    world.errors.clear()
    world.now += STOPPED_DELAYS_MS[0]
    assert world.advance() == [("insert", "participant_events", [5]), ("commit", "end", "meeting.participants", 6)]
    assert world.delivery.outages.stopped() == {}


def test_the_dead_are_buried_before_the_offset_passes_them(world: World) -> None:
    """Poison, and rows that ClickHouse refuses alone: on the dead-letter topic, then in the table, then committed."""
    world.offer(TURNS, [turn(world), b"poison", turn(world, 3)])
    world.bad = [BadRow(7, "constraint")]
    assert world.advance() == [
        ("commit", "intent", "transcript.turns", 5),
        ("insert", "turns", [5, 7]),
        ("bury", [6, 7]),
        ("insert", DEAD_LETTERS, [6, 7]),
        ("commit", "end", "transcript.turns", 8),
    ]


def test_what_is_buried_and_what_is_in_is_not_done_again_while_the_letters_table_is_away(world: World) -> None:
    """Only the step that failed is repeated, and other batches of the same table go on meanwhile."""
    world.errors[DEAD_LETTERS] = Refused("gone", Refusal.SCHEMA)
    world.offer(TURNS, [b"poison", turn(world)])
    assert [step[0] for step in world.advance()] == ["commit", "insert", "bury", "failed"]
    world.offer((TRANSCRIPT_TURNS.name, 1), [turn(world), turn(world)])
    assert [step[:2] for step in world.advance()] == [("commit", "intent"), ("insert", "turns"), ("commit", "end")]
    world.errors.clear()
    world.now += STOPPED_DELAYS_MS[0]
    assert world.advance() == [("insert", DEAD_LETTERS, [5]), ("commit", "end", "transcript.turns", 7)]


def test_while_the_registry_is_away_nothing_is_taken_for_poison(world: World) -> None:
    """The batch keeps its intent and waits."""
    values = [turn(world), turn(world)]
    world.schemas.away = True
    world.offer(TURNS, values)
    assert world.advance() == [("commit", "intent", "transcript.turns", 5)]
    world.schemas.away = False
    world.now += DELAYS_MS[0]
    assert world.advance() == ALL_WELL[1:]


def test_a_partition_that_left_takes_everything_along(world: World) -> None:
    """Nothing of it is inserted or committed here any more."""
    world.errors["turns"] = NotNow("full", Refusal.RETRY)
    world.offer(TURNS, [turn(world)])
    world.advance()
    world.delivery.forget([TURNS])
    world.errors.clear()
    world.now += DELAYS_MS[-1]
    assert world.advance() == []
