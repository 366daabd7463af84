"""One record's way through a bot's snapshot: what it changes there, and which revisions that leads to. Pure."""

from dataclasses import dataclass, field

import msgspec

from schemas.events import ParticipantEvent, ResultEvent, Turn
from schemas.vocabulary import TurnReason
from stream_processors.turns.machine import turn_machine
from stream_processors.turns.machine.open_turn import Emission, OpenTurn
from stream_processors.turns.machine.turn_machine import Step
from stream_processors.turns.transcript.attribution import learn, who_spoke
from stream_processors.turns.transcript.overlap import overlaps, remembered
from stream_processors.turns.transcript.snapshot import WAITING_KEPT, SettledTurn, Snapshot, Total, Voiceprint, talk_of
from stream_processors.turns.transcript.stability import Stability, compared
from stream_processors.turns.transcript.turn_record import Ruler, ruler_of, stretch_of, turn_record


@dataclass(frozen=True)
class Outcome:
    """What one record led to: every revision in order, those that are settled, and words dropped as known.

    `stability` is of the words shown before they were final, `took` the revisions that each newly settled turn took.
    """

    revisions: tuple[Turn, ...] = ()
    settled: tuple[Turn, ...] = ()
    words_dropped: int = 0
    stability: Stability = field(default_factory=Stability)
    took: tuple[int, ...] = ()


class Publication:
    """Changes `snapshot` in place and collects what is to be published."""

    def __init__(self, snapshot: Snapshot, now_us: int) -> None:
        self._now = snapshot
        self._now_us = now_us
        self._revisions: list[Turn] = []
        self._settled: list[Turn] = []
        self._took: list[int] = []
        self._dropped = 0
        self._stability = Stability()

    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self._revisions), tuple(self._settled), self._dropped, self._stability, tuple(self._took)
        )  # fmt: skip

    def hear(self, result: ResultEvent) -> None:
        """A provider said something, or a stretch was declared not transcribed."""
        voiceprint = (result.stream_id, result.epoch, result.transcript_label)
        machine = self._now.machines.get(voiceprint) or turn_machine.machine_for(result)
        self._take(voiceprint, machine.turn, turn_machine.apply(machine, result))

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
        over = {*self._now.complete(), *self._now.completion.announced}
        for voiceprint, machine in self._now.machines.items():
            if voiceprint[2] in over and machine.turn:
                self._take(voiceprint, machine.turn, turn_machine.close(machine, TurnReason.STREAM_END))

    def _take(self, voiceprint: Voiceprint, before: OpenTurn | None, step: Step) -> None:
        self._now.machines[voiceprint] = step.machine
        self._dropped += step.dropped
        for emission in step.emissions:
            earlier = before.words if before and before.turn_id == emission.turn_id else ()
            self._stability += compared(earlier, emission.words)
            if emission.settled:
                self._count(step.machine.label, emission)
            self._publish(ruler_of(step.machine), emission)

    def _count(self, label: str, emission: Emission) -> None:
        total = self._now.totals.get(label, Total())
        self._now.totals[label] = Total(total.turns + 1, total.words + len(emission.words))
        self._took.append(emission.revision)

    def _publish(self, ruler: Ruler, emission: Emission) -> None:
        who = who_spoke(self._now.people, stretch_of(ruler, emission))
        talk = talk_of(ruler, emission, who)
        during = overlaps(talk, [*self._now.talks, *self._now.open_talks()])
        turn = turn_record(self._now.bot, ruler, emission, who, during, produced_at_us=self._now_us)
        self._revisions.append(turn)
        if not emission.settled:
            return
        self._settled.append(turn)
        if who.participant_id:
            self._now.talks = remembered(self._now.talks, talk)
        if not who.known:
            self._now.waiting = (*self._now.waiting, SettledTurn(ruler, emission, who))[-WAITING_KEPT:]
