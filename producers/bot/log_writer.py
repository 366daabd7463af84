"""What one bot puts on the log, and the account it keeps of it for the last record."""

from collections.abc import Mapping

from producers.bot.ledger import LedgerBook, StreamEpoch
from producers.bot.lifecycle import Step
from producers.bot.publisher import Publisher
from producers.bot.records import Identity, Records, last_offsets_told
from producers.bot.roster import Fact
from producers.bot.streams import StreamChunk
from schemas.errors import Unavailable
from schemas.events import AudioChunk
from schemas.telemetry import UNITS_CAPTURED, UNITS_LOST
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS
from schemas.vocabulary import ChunkKind

FLUSH_S = 30.0


class LogWriter:
    """Call `recording_began` before the first chunk, `done` once and last, and `poll` often."""

    def __init__(self, identity: Identity, publisher: Publisher) -> None:
        self._bot_id = identity.bot_id
        self._publisher = publisher
        self._records = Records(identity)
        self._book = LedgerBook()

    def recording_began(self, now_us: int) -> None:
        self._records.recording_started_at_us = now_us

    def chunk(self, found: StreamChunk) -> None:
        sent = self._publisher.send_chunk(self._records.chunk(found))
        self._book.count(sent)
        _measure(sent)

    def participant(self, fact: Fact, now_us: int) -> None:
        self._publisher.send(MEETING_PARTICIPANTS, self._records.participant(fact, now_us))

    def step(self, step: Step, now_us: int) -> None:
        self._publisher.send(BOT_EVENTS, self._records.bot(step, now_us, {}))

    def done(self, step: Step, now_us: int, attrs: Mapping[str, str], frames_captured: dict[StreamEpoch, int]) -> None:
        """The last record, with the ledger and where the others end."""
        ledger = self._book.close(frames_captured, step.sub_code)
        told = {**last_offsets_told(self._publisher.last_offsets), **attrs}
        self._publisher.send(BOT_EVENTS, self._records.bot(step, now_us, told, ledger))

    def poll(self) -> None:
        """Take delivery reports."""
        self._publisher.poll()

    async def flush(self) -> None:
        """Wait until Kafka has everything; raises Unavailable when it takes no more."""
        if not await self._publisher.flush(FLUSH_S):
            raise Unavailable(
                f"Kafka did not take everything within {FLUSH_S:.0f} s: the log of {self._bot_id} is not complete",
                remedy="see the broker's log",
            )


def _measure(chunk: AudioChunk) -> None:
    if chunk.kind is ChunkKind.GAP:
        UNITS_LOST.labels(str(chunk.cause)).inc(chunk.units)
    else:
        UNITS_CAPTURED.labels(str(chunk.kind)).inc(chunk.units)
