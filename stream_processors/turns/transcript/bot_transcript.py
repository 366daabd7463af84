"""The transcript of one bot: its voices' machines, its people, what is settled and what is still to be announced. Pure.

Everything there is to know between two records is in its snapshot, so a process can begin with it at any record.
"""

from dataclasses import dataclass

import msgspec

from schemas.events import BotEvent, ParticipantEvent, Record, ResultEvent, TranscriptEvent
from schemas.ids import event_id
from schemas.vocabulary import BotState, TranscriptKind
from stream_processors.turns.transcript.completion import announced, bot_done
from stream_processors.turns.transcript.publication import Outcome, Publication
from stream_processors.turns.transcript.snapshot import Snapshot, Total
from stream_processors.turns.transcript.turn_record import Bot


@dataclass(frozen=True)
class Place:
    """Where a record lies in the log."""

    topic: str
    partition: int
    offset: int

    @property
    def source(self) -> str:
        return f"{self.topic}/{self.partition}"


class BotTranscript:
    """Applies records one by one; the caller publishes what comes out, then stores the snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._now = snapshot

    @classmethod
    def of(cls, record: ResultEvent | ParticipantEvent | BotEvent, stored: bytes | None) -> "BotTranscript":
        """From what was stored, or anew for the bot of `record`; raises msgspec.DecodeError on foreign bytes."""
        if stored is None:
            return cls(Snapshot(Bot(record.tenant_id, record.bot_id, record.meeting_id)))
        return cls(msgspec.msgpack.decode(stored, type=Snapshot))

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._now)

    def apply(self, record: Record, place: Place, now_us: int) -> Outcome:
        """What `record` changes; nothing when it was applied before."""
        if place.offset <= self._now.offsets.get(place.source, -1):
            return Outcome()
        self._now.offsets[place.source] = place.offset
        publication = Publication(self._now, now_us)
        match record:
            case ResultEvent():
                publication.hear(record)
            case ParticipantEvent():
                publication.meet(record)
            case BotEvent(state=BotState.DONE):
                self._now.completion = bot_done(self._now.completion, record.ledger)
        publication.close_complete()
        return publication.outcome()

    def settled_up_to(self, offset: int | None) -> None:
        """Kafka has the settled turns; `offset` is the last one's on the topic of turns."""
        if offset is not None:
            self._now.last_turn_offset = max(offset, self._now.last_turn_offset or 0)

    def announcements(self, now_us: int) -> list[TranscriptEvent]:
        """Transcripts that are complete and not yet announced; call it once what `apply` gave is acknowledged."""
        labels = self._now.complete()
        for label in labels:
            self._now.completion = announced(self._now.completion, label)
        return [self._processed(label, now_us) for label in labels]

    def _processed(self, label: str, now_us: int) -> TranscriptEvent:
        bot, total = self._now.bot, self._now.totals.get(label, Total())
        return TranscriptEvent(
            tenant_id=bot.tenant_id,
            bot_id=bot.bot_id,
            meeting_id=bot.meeting_id,
            event_id=event_id(bot.bot_id, "transcript", label, TranscriptKind.PROCESSED),
            occurred_at_us=now_us,
            produced_at_us=now_us,
            transcript_label=label,
            kind=TranscriptKind.PROCESSED,
            turns=total.turns,
            words=total.words,
            unsettled_streams=(),
            last_turn_offset=self._now.last_turn_offset,
            message=f"{total.turns} turns, {total.words} words",
        )
