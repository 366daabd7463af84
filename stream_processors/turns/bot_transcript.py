"""The transcript of one bot: its voices' machines, its people, what is settled and what is still to be announced. Pure.

Everything there is to know between two records is in `snapshot`, with the place in the log of the last record of each
source, so a record that is delivered twice is applied once. The snapshot is bounded: words are kept only of open turns
and of the WAITING_KEPT latest settled turns that have no participant or no name yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from schemas.events import BotEvent, ParticipantEvent, Record, ResultEvent, TranscriptEvent, Turn
from schemas.ids import event_id
from schemas.vocabulary import BotState, TranscriptKind, TurnReason
from stream_processors.turns import turn_machine
from stream_processors.turns.attribution import People, Who, learn, who_spoke
from stream_processors.turns.completion import Completion, announced, bot_done, newly_complete
from stream_processors.turns.overlap import Talk, overlaps, remembered
from stream_processors.turns.turn_machine import Emission, Machine, Step
from stream_processors.turns.turn_record import Bot, Ruler, extent_ms, ruler_of, stretch_of, turn_record

WAITING_KEPT = 64
Voiceprint = tuple[str, int, str]


@dataclass(frozen=True)
class Place:
    """Where a record lies in the log."""

    topic: str
    partition: int
    offset: int

    @property
    def source(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True)
class Outcome:
    """What one record led to: every revision in order, those that are settled, and words dropped as known."""

    revisions: tuple[Turn, ...] = ()
    settled: tuple[Turn, ...] = ()
    words_dropped: int = 0


class SettledTurn(msgspec.Struct, frozen=True):
    """A settled turn whose participant or name is still unknown."""

    ruler: Ruler
    emission: Emission
    who: Who


class Total(msgspec.Struct, frozen=True):
    """What is settled under one label."""

    turns: int = 0
    words: int = 0


class Snapshot(msgspec.Struct):
    """Everything that must survive the process."""

    bot: Bot
    offsets: dict[str, int] = {}
    machines: dict[Voiceprint, Machine] = {}
    people: People = People()
    talks: tuple[Talk, ...] = ()
    waiting: tuple[SettledTurn, ...] = ()
    completion: Completion = Completion()
    totals: dict[str, Total] = {}
    last_turn_offset: int | None = None


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
        publication = _Publication(self._now, now_us)
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
        labels = _complete(self._now)
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


class _Publication:
    """One record's way through the snapshot."""

    def __init__(self, snapshot: Snapshot, now_us: int) -> None:
        self._now = snapshot
        self._now_us = now_us
        self._revisions: list[Turn] = []
        self._settled: list[Turn] = []
        self._dropped = 0

    def outcome(self) -> Outcome:
        return Outcome(tuple(self._revisions), tuple(self._settled), self._dropped)

    def hear(self, result: ResultEvent) -> None:
        voiceprint = (result.stream_id, result.epoch, result.transcript_label)
        machine = self._now.machines.get(voiceprint) or turn_machine.machine_for(result)
        self._take(voiceprint, turn_machine.apply(machine, result))

    def meet(self, event: ParticipantEvent) -> None:
        """Learn of a participant, and tell again the settled turns that were waiting for it: words untouched."""
        self._now.people = learn(self._now.people, event)
        waiting, self._now.waiting = self._now.waiting, ()
        for turn in waiting:
            who = who_spoke(self._now.people, stretch_of(turn.ruler, turn.emission))
            if who == turn.who:
                self._now.waiting += (turn,)
            else:
                again = msgspec.structs.replace(turn.emission, revision=turn.emission.revision + 1)
                self._publish(turn.ruler, again)

    def close_complete(self) -> None:
        """A complete transcript has no open turn, also when a late result opened one."""
        over = {*_complete(self._now), *self._now.completion.announced}
        for voiceprint, machine in self._now.machines.items():
            if voiceprint[2] in over and machine.turn:
                self._take(voiceprint, turn_machine.close(machine, TurnReason.STREAM_END))

    def _take(self, voiceprint: Voiceprint, step: Step) -> None:
        self._now.machines[voiceprint] = step.machine
        self._dropped += step.dropped
        for emission in step.emissions:
            if emission.settled:
                total = self._now.totals.get(step.machine.label, Total())
                grown = Total(total.turns + 1, total.words + len(emission.words))
                self._now.totals[step.machine.label] = grown
            self._publish(ruler_of(step.machine), emission)

    def _publish(self, ruler: Ruler, emission: Emission) -> None:
        who = who_spoke(self._now.people, stretch_of(ruler, emission))
        talk = _talk(ruler, emission, who)
        during = overlaps(talk, [*self._now.talks, *_open_talks(self._now)])
        turn = turn_record(self._now.bot, ruler, emission, who, during, produced_at_us=self._now_us)
        self._revisions.append(turn)
        if not emission.settled:
            return
        self._settled.append(turn)
        if who.participant_id:
            self._now.talks = remembered(self._now.talks, talk)
        if not who.known:
            self._now.waiting = (*self._now.waiting, SettledTurn(ruler, emission, who))[-WAITING_KEPT:]


def _complete(now: Snapshot) -> tuple[str, ...]:
    def cursor_of(stream_id: str, epoch: int, label: str) -> int:
        machine = now.machines.get((stream_id, epoch, label))
        return machine.cursor if machine else 0

    return newly_complete(now.completion, {label for _, _, label in now.machines}, cursor_of)


def _open_talks(now: Snapshot) -> Iterator[Talk]:
    for machine in now.machines.values():
        if machine.turn:
            ruler, emission = ruler_of(machine), turn_machine.shown(machine.turn)
            yield _talk(ruler, emission, who_spoke(now.people, stretch_of(ruler, emission)))


def _talk(ruler: Ruler, emission: Emission, who: Who) -> Talk:
    start_ms, end_ms = extent_ms(ruler, emission)
    return Talk(ruler.label, who.participant_id or "", start_ms, end_ms)
