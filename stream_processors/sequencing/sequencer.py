"""One stream and epoch in order: every 20 ms unit once, and what never came as an undeclared gap.

Chunks may come in any order within a window, twice, in part twice, or never. Pure: what to do depends only on what
came, never on when; whoever knows that nothing more is coming calls `flush`.
"""

from collections import deque
from dataclasses import dataclass, replace

from schemas.vocabulary import ChunkKind, GapCause
from stream_processors.sequencing.span import Span

WINDOW_UNITS = 100
REMEMBERED_GAPS = 64


@dataclass(frozen=True, slots=True)
class Run:
    """Units from `seq` to `end_seq`, not included."""

    seq: int
    end_seq: int


@dataclass(frozen=True, slots=True)
class Sequenced:
    """What became of one arrival: `ordered` follows on what was handed out before, without hole or overlap."""

    ordered: tuple[Span, ...] = ()
    duplicate: tuple[Run, ...] = ()
    late: tuple[Run, ...] = ()
    reordered: tuple[Run, ...] = ()


class Sequencer:
    """Holds what came too early until the hole before it is filled, or is `window_units` behind the newest unit.

    `first_seq` is where the stream begins; None: at the first chunk that comes.
    """

    def __init__(self, first_seq: int | None = None, window_units: int = WINDOW_UNITS) -> None:
        self._next = first_seq
        self._window = window_units
        self._waiting: dict[int, Span] = {}
        self._newest = -1
        self._given_up: deque[Run] = deque(maxlen=REMEMBERED_GAPS)

    @property
    def next_seq(self) -> int | None:
        """The unit the next ordered span starts with; None before anything came."""
        return self._next

    def accept(self, span: Span) -> Sequenced:
        """Take one arrival; hands out what is in order now."""
        if self._next is None:
            self._next = span.seq
        if span.seq == self._next and not self._waiting:
            self._next = span.end_seq
            self._newest = max(self._newest, span.end_seq - 1)
            return Sequenced(ordered=(span,))
        late, duplicate, fresh = self._sort(span)
        reordered = tuple(run for run in fresh if run.end_seq <= self._newest)
        for run in fresh:
            self._wait(span, run)
        ordered = [*self._released(), *self._overdue()]
        return Sequenced(tuple(ordered), tuple(duplicate), tuple(late), reordered)

    def flush(self) -> tuple[Span, ...]:
        """Nothing more is coming for now: hand out what waits, with its holes as undeclared gaps."""
        ordered: list[Span] = []
        while self._waiting:
            ordered += [self._give_up(min(self._waiting)), *self._released()]
        return tuple(ordered)

    def _sort(self, span: Span) -> tuple[list[Run], list[Run], list[Run]]:
        """The arrival's units as runs: late (their place was given up), duplicate, and fresh."""
        assert self._next is not None
        late, after = self._late(span)
        behind = Run(span.seq, min(span.end_seq, self._next))
        duplicate = _without(behind, late)
        fresh: list[Run] = []
        for seq in range(max(span.seq, self._next), span.end_seq):
            _append(duplicate if seq in self._waiting else fresh, seq)
        self._given_up = after
        return late, duplicate, fresh

    def _late(self, span: Span) -> tuple[list[Run], deque[Run]]:
        """Which of the arrival's units had been given up, and what is still given up afterwards."""
        late: list[Run] = []
        rest: deque[Run] = deque(maxlen=REMEMBERED_GAPS)
        for gap in self._given_up:
            came = Run(max(gap.seq, span.seq), min(gap.end_seq, span.end_seq))
            if came.seq >= came.end_seq:
                rest.append(gap)
                continue
            late.append(came)
            rest.extend(_without(gap, [came]))
        return late, rest

    def _wait(self, span: Span, run: Run) -> None:
        for seq in range(run.seq, run.end_seq):
            self._waiting[seq] = span
        self._newest = max(self._newest, run.end_seq - 1)

    def _released(self) -> list[Span]:
        """What follows on without a hole, in the pieces it came in."""
        assert self._next is not None
        ordered: list[Span] = []
        while self._next in self._waiting:
            source, start = self._waiting[self._next], self._next
            while self._waiting.get(self._next) is source:
                del self._waiting[self._next]
                self._next += 1
            ordered.append(source.part(start, self._next))
        return ordered

    def _overdue(self) -> list[Span]:
        assert self._next is not None
        ordered: list[Span] = []
        while self._waiting and self._newest - self._next >= self._window:
            ordered += [self._give_up(min(self._waiting)), *self._released()]
        return ordered

    def _give_up(self, end_seq: int) -> Span:
        assert self._next is not None
        after = self._waiting[end_seq]
        gap = replace(after, seq=self._next, units=end_seq - self._next, kind=ChunkKind.GAP, pcm=b"", undeclared=True)
        self._given_up.append(Run(self._next, end_seq))
        self._next = end_seq
        return replace(gap, cause=GapCause.UNKNOWN)


def _without(run: Run, taken: list[Run]) -> list[Run]:
    """What is left of `run`; `taken` is ascending."""
    left: list[Run] = []
    seq = run.seq
    for gone in taken:
        if gone.seq > seq:
            left.append(Run(seq, gone.seq))
        seq = max(seq, gone.end_seq)
    if seq < run.end_seq:
        left.append(Run(seq, run.end_seq))
    return left


def _append(runs: list[Run], seq: int) -> None:
    if runs and runs[-1].end_seq == seq:
        runs[-1] = Run(runs[-1].seq, seq + 1)
    else:
        runs.append(Run(seq, seq + 1))
