"""Which of AssemblyAI's turn messages is a turn's end, and which says it once more. Pure.

The universal-streaming models end a formatted turn twice, raw and formatted: the second one takes the place of the first.
When it does not come, the first one is the end.
"""

from dataclasses import dataclass

from stream_processors.transcription.providers.assemblyai.messages import Turn

FORMATTED_MS = 1_500


@dataclass(frozen=True, slots=True)
class Partial:
    """The turn is open, or its formatted end is awaited."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn is over, and nothing about it counts any more."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Repeated:
    """A turn that was over before."""

    turn: Turn


class Turns:
    """The turns of one socket."""

    def __init__(self, *, formatted_twice: bool) -> None:
        self._formatted_twice = formatted_twice
        self._over = -1
        self._open: Turn | None = None
        self._raw_at_ms: float | None = None

    @property
    def deadline_ms(self) -> float | None:
        """When a formatted end is waited for no longer."""
        return None if self._raw_at_ms is None else self._raw_at_ms + FORMATTED_MS

    @property
    def open(self) -> bool:
        return self._open is not None

    def heard(self, turn: Turn, now_ms: float) -> list[Partial | Ended | Repeated]:
        """A message came."""
        if turn.turn_order <= self._over or self._ended_already(turn):
            return [Repeated(turn)]
        earlier = self.finish() if self._open and turn.turn_order > self._open.turn_order else []
        self._open = turn
        if not turn.end_of_turn:
            return [*earlier, Partial(turn)]
        if self._formatted_twice and not turn.turn_is_formatted:
            self._raw_at_ms = now_ms
            return [*earlier, Partial(turn)]
        return [*earlier, *self.finish()]

    def finish(self) -> list[Partial | Ended | Repeated]:
        """Nothing more comes about the turn that is open."""
        turn, self._open, self._raw_at_ms = self._open, None, None
        if turn is None:
            return []
        self._over = turn.turn_order
        return [Ended(turn)]

    def tick(self, now_ms: float) -> list[Partial | Ended | Repeated]:
        """A formatted end that does not come is done without."""
        due = self.deadline_ms
        return self.finish() if due is not None and now_ms >= due else []

    def _ended_already(self, turn: Turn) -> bool:
        """A raw message about a turn whose raw end was heard."""
        waiting = self._open is not None and self._raw_at_ms is not None and turn.turn_order == self._open.turn_order
        return waiting and not turn.turn_is_formatted
