"""One record's way through the turns stage: what is acknowledged when, and what happens to one that breaks it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from schemas.codec import Codec
from schemas.dead_letter import DeadLetter, RawRecord
from schemas.errors import Unavailable
from schemas.events import ResultEvent, TranscriptEvent, Turn
from schemas.registry import schema_text
from schemas.timebase import SystemClock
from schemas.topics import RECORD_TOPICS, STT_RESULTS, Topic
from stream_processors.turns import stage as stage_module
from stream_processors.turns.stage import Stage, Standing
from stream_processors.turns.transcript.bot_transcript import BotTranscript
from tests.fakes.scripted_results import Voice, said


class FixedSchemas:
    """Ids by a topic's place in the table."""

    def register(self, topic: Topic) -> int:
        return RECORD_TOPICS.index(topic)

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(schema_text(RECORD_TOPICS[schema_id].schema))
        return parsed


@dataclass
class Kafka:
    """Outlet and table in one, with the order of what it was told; it refuses `refusals` times."""

    told: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    buried: list[DeadLetter] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    refusals: int = 0

    async def publish(self, revisions: tuple[Turn, ...], settled: tuple[Turn, ...]) -> int | None:
        self._perhaps_away()
        self.told.append("published")
        self.turns += revisions
        return 0 if settled else None

    async def announce(self, events: list[TranscriptEvent]) -> None:
        """Nothing to announce in these tests."""

    async def bury(self, letter: DeadLetter) -> None:
        self._perhaps_away()
        self.told.append("buried")
        self.buried.append(letter)

    def get(self, bot_id: str, partition: int) -> bytes | None:
        return self.stored.get(bot_id)

    async def put(self, bot_id: str, snapshot: bytes, partition: int) -> None:
        self._perhaps_away()
        self.told.append("stored")
        self.stored[bot_id] = snapshot

    def _perhaps_away(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("away", remedy="wait")


class Desk:
    """A stage with everything around it."""

    def __init__(self) -> None:
        self.kafka = Kafka()
        self.codec = Codec(FixedSchemas())
        self.stage = Stage(self.codec, self.kafka, self.kafka, SystemClock())  # type: ignore[arg-type]
        self._offset = -1

    async def handle(
        self, record: ResultEvent | bytes, standing: Callable[[], Standing] = lambda: Standing.OURS
    ) -> bool:
        self._offset += 1
        value = record if isinstance(record, bytes) else self.codec.encode(STT_RESULTS, record)
        async with asyncio.timeout(10):
            return await self.stage.handle(RawRecord(STT_RESULTS.name, 0, self._offset, b"bot_1", value, ()), standing)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(stage_module, "RETRY_S", 0.0)
    monkeypatch.setattr(stage_module, "REBALANCING_S", 0.0)
    return Desk()


async def test_the_state_is_stored_after_what_it_led_to(desk: Desk) -> None:
    """First the revisions, then the snapshot that knows of them; only then is the record done."""
    assert await desk.handle(Voice().end(said("hello", 0), 200))
    assert desk.kafka.told == ["published", "stored"]


async def test_a_record_that_breaks_the_stage_is_set_aside(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody thought of: the bytes go to the dead letters, without the words it quotes, and the next goes on."""
    voice = Voice()
    first, second = voice.final(said("secret", 0), 200), voice.end(said("words", 200), 400)
    broken = True

    def apply(transcript: BotTranscript, *arguments: Any) -> Any:
        if broken:
            raise RuntimeError("secret")
        return whole(transcript, *arguments)

    whole = BotTranscript.apply
    monkeypatch.setattr(BotTranscript, "apply", apply)
    assert await desk.handle(first)
    broken = False
    assert await desk.handle(second)
    [letter] = desk.kafka.buried
    headers = dict(letter.headers)
    assert letter.value == desk.codec.encode(STT_RESULTS, first)
    assert headers["error_class"] == b"unexpected"
    assert b"RuntimeError in apply" in headers["error"]
    assert b"secret" not in headers["error"]
    assert [turn.text for turn in desk.kafka.turns] == ["words"]


async def test_poison_is_set_aside_and_the_next_goes_on(desk: Desk) -> None:
    """Bytes that are no record."""
    assert await desk.handle(b"\x01not avro")
    assert await desk.handle(Voice().end(said("hello", 0), 200))
    assert len(desk.kafka.buried) == 1
    assert [turn.text for turn in desk.kafka.turns] == ["hello"]


@pytest.mark.parametrize("refusals", [1, 5])
async def test_while_kafka_is_away_the_record_waits(desk: Desk, refusals: int) -> None:
    """It is applied anew from the stored state until Kafka takes it, and said the same each time."""
    desk.kafka.refusals = refusals
    assert await desk.handle(Voice().end(said("hello", 0), 200))
    assert {(turn.turn_id, turn.revision, turn.text) for turn in desk.kafka.turns} == {
        (desk.kafka.turns[0].turn_id, 1, "hello")
    }
    assert not desk.stage.waiting


async def test_poison_waits_too(desk: Desk) -> None:
    """A dead letter that Kafka does not take yet is not forgotten."""
    desk.kafka.refusals = 2
    assert await desk.handle(b"")
    assert len(desk.kafka.buried) == 1


async def test_a_lost_partition_is_not_written_for(desk: Desk) -> None:
    """Another worker has it: nothing is published, nothing stored, and the record is not done."""
    assert not await desk.handle(Voice().end(said("hello", 0), 200), lambda: Standing.LOST)
    assert desk.kafka.told == []


async def test_a_partition_lost_while_publishing_keeps_its_state(desk: Desk) -> None:
    """What is published twice is the same; the state is the new owner's to store."""
    standings = iter([Standing.OURS] * 2)
    voice = Voice()
    assert not await desk.handle(voice.end(said("hello", 0), 200), lambda: next(standings, Standing.LOST))
    assert desk.kafka.stored == {}


async def test_while_the_group_is_shared_out_it_waits(desk: Desk) -> None:
    """Not ours yet, not lost either."""
    standings = iter([Standing.REBALANCING] * 6)
    assert await desk.handle(Voice().end(said("hello", 0), 200), lambda: next(standings, Standing.OURS))
    assert desk.kafka.told == ["published", "stored"]
