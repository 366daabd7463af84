"""Everything of one bot's transcript that must survive the process, and questions that it answers. Pure.

It is bounded: words are kept only of open turns and of the WAITING_KEPT latest settled turns that have no participant or
no name yet.
"""

from collections.abc import Iterator

import msgspec

from stream_processors.turns.machine.open_turn import Emission, shown
from stream_processors.turns.machine.turn_machine import Machine
from stream_processors.turns.transcript.attribution import People, Who, who_spoke
from stream_processors.turns.transcript.completion import Completion, newly_complete
from stream_processors.turns.transcript.overlap import Talk
from stream_processors.turns.transcript.turn_record import Bot, Ruler, extent_ms, ruler_of, stretch_of

WAITING_KEPT = 64
Voiceprint = tuple[str, int, str]
"""Stream, epoch and transcript label."""


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
    """`offsets` has the place in the log of the last record of each source: one that comes twice is applied once."""

    bot: Bot
    offsets: dict[str, int] = {}
    machines: dict[Voiceprint, Machine] = {}
    people: People = People()
    talks: tuple[Talk, ...] = ()
    waiting: tuple[SettledTurn, ...] = ()
    completion: Completion = Completion()
    totals: dict[str, Total] = {}
    last_turn_offset: int | None = None

    def complete(self) -> tuple[str, ...]:
        """Labels that are complete and not yet announced."""

        def cursor_of(stream_id: str, epoch: int, label: str) -> int:
            machine = self.machines.get((stream_id, epoch, label))
            return machine.cursor if machine else 0

        return newly_complete(self.completion, {label for _, _, label in self.machines}, cursor_of)

    def open_talks(self) -> Iterator[Talk]:
        """The turns being spoken, as stretches of the meeting."""
        for machine in self.machines.values():
            if machine.turn:
                ruler, emission = ruler_of(machine), shown(machine.turn)
                yield talk_of(ruler, emission, who_spoke(self.people, stretch_of(ruler, emission)))


def talk_of(ruler: Ruler, emission: Emission, who: Who) -> Talk:
    start_ms, end_ms = extent_ms(ruler, emission)
    return Talk(ruler.label, who.participant_id or "", start_ms, end_ms)
