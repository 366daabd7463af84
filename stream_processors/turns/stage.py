"""One record's way through this stage: bytes, decoded, applied, published, acknowledged, state stored. Shell.

The order is the guarantee: what a record leads to is acknowledged before the state that knows of it is stored, and the
record itself is acknowledged after that. A crash in between repeats the same (turn_id, revision). A service that is
away is waited for; a record nobody can read goes to its dead-letter topic with its bytes, and the stream goes on.
"""

import asyncio
import traceback
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import structlog

from schemas.codec import Codec
from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord, Unavailable
from schemas.events import BotEvent, ParticipantEvent, ResultEvent
from schemas.telemetry import (
    PARTIAL_WORDS,
    PARTIAL_WORDS_CHANGED,
    PROCESS_ERRORS,
    PROGRESS_AT,
    RECORDS_DEAD,
    RECORDS_READ,
    TURN_REVISIONS,
    TURNS_SETTLED,
    WORDS_DROPPED,
)
from schemas.timebase import Clock
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS, STT_RESULTS, Topic
from stream_processors.turns.log.outlet import STAGE, Outlet
from stream_processors.turns.transcript.bot_transcript import BotTranscript, Place
from stream_processors.turns.transcript.publication import Outcome

log = structlog.get_logger()
INPUTS = (STT_RESULTS, MEETING_PARTICIPANTS, BOT_EVENTS)
BY_NAME: dict[str, tuple[Topic, type[ResultEvent] | type[ParticipantEvent] | type[BotEvent]]] = {
    STT_RESULTS.name: (STT_RESULTS, ResultEvent),
    MEETING_PARTICIPANTS.name: (MEETING_PARTICIPANTS, ParticipantEvent),
    BOT_EVENTS.name: (BOT_EVENTS, BotEvent),
}
RETRY_S = 1.0
REBALANCING_S = 0.05


class Standing(Enum):
    """Whose a record's partition is. While the group is being shared out anew it is not ours to write for."""

    OURS = "ours"
    REBALANCING = "rebalancing"
    LOST = "lost"


Fence = Callable[[], Standing]


class States(Protocol):
    """The bots' snapshots, kept where a new owner of the partition finds them."""

    def get(self, bot_id: str, partition: int) -> bytes | None:
        """The stored snapshot."""
        ...

    async def put(self, bot_id: str, snapshot: bytes, partition: int) -> None:
        """Store it; returns once it is durable, raises Unavailable when it is not."""
        ...


class Stage:
    """Handles records of one bot one at a time, in order; of several bots at the same time."""

    def __init__(self, codec: Codec, outlet: Outlet, states: States, clock: Clock) -> None:
        self._codec = codec
        self._outlet = outlet
        self._states = states
        self._clock = clock
        self._waiting: set[bytes | None] = set()

    @property
    def waiting(self) -> bool:
        """Whether some bot's record waits for a service that is away."""
        return bool(self._waiting)

    async def handle(self, raw: RawRecord, standing: Fence) -> bool:
        """True once `raw` is applied and stored, or dead-lettered; False when its partition is no longer ours."""
        RECORDS_READ.labels(STAGE, raw.topic).inc()
        done = False
        while not done and standing() is not Standing.LOST:
            try:
                done = standing() is Standing.OURS and await self._apply_or_bury(raw, standing)
                self._waiting.discard(raw.key)
            except Unavailable as error:
                log.warning("waiting", stage=STAGE, error=error.message, remedy=error.remedy)
                self._waiting.add(raw.key)
            if not done:
                await asyncio.sleep(RETRY_S if raw.key in self._waiting else REBALANCING_S)
        self._waiting.discard(raw.key)
        if done:
            PROGRESS_AT.labels(STAGE).set(self._clock.now_us() / 1e6)
        return done

    async def _apply_or_bury(self, raw: RawRecord, standing: Fence) -> bool:
        try:
            return await self._apply(raw, standing)
        except InvalidRecord as error:
            await self._bury(raw, error)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the outermost loop of this process: one bad record must not stop it
            PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
            await self._bury(raw, InvalidRecord(_where(error), error_class="unexpected"))
        return True

    async def _apply(self, raw: RawRecord, standing: Fence) -> bool:
        """Whether it is stored; what is published again after a False is the same."""
        record = self._decode(raw)
        now_us = self._clock.now_us()
        transcript = BotTranscript.of(record, self._states.get(record.bot_id, raw.partition))
        outcome = transcript.apply(record, Place(raw.topic, raw.partition, raw.offset), now_us)
        transcript.settled_up_to(await self._outlet.publish(outcome.revisions, outcome.settled))
        await self._outlet.announce(transcript.announcements(now_us))
        if standing() is not Standing.OURS:
            return False
        await self._states.put(record.bot_id, transcript.snapshot(), raw.partition)
        _count(outcome)
        return True

    def _decode(self, raw: RawRecord) -> ResultEvent | ParticipantEvent | BotEvent:
        topic, record_type = BY_NAME[raw.topic]
        record = self._codec.decode(topic, raw.value, record_type)
        if raw.key != record.bot_id.encode():
            raise InvalidRecord(f"the key of a record of {topic.name} is not its bot_id", error_class="wrong_key")
        return record

    async def _bury(self, raw: RawRecord, error: InvalidRecord) -> None:
        await self._outlet.bury(dead_letter(raw, stage=STAGE, error=error, failed_at_us=self._clock.now_us()))
        RECORDS_DEAD.labels(STAGE, raw.topic, error.error_class).inc()
        log.warning(
            "record_dead",
            stage=STAGE,
            topic=raw.topic,
            partition=raw.partition,
            offset=raw.offset,
            error_class=error.error_class,
        )


def _count(outcome: Outcome) -> None:
    TURNS_SETTLED.inc(len(outcome.took))
    for revisions in outcome.took:
        TURN_REVISIONS.observe(revisions)
    PARTIAL_WORDS.inc(outcome.stability.shown)
    PARTIAL_WORDS_CHANGED.inc(outcome.stability.changed)
    WORDS_DROPPED.labels("already_committed").inc(outcome.words_dropped)


def _where(error: Exception) -> str:
    """What happened and where, without the error's text: it may quote what was said."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name} at line {place.lineno}"
