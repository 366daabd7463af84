"""Frames of one stream become 20 ms units on its timeline. Pure.

The timeline is media time: `seq` grows by one for every frame and by the length of every hole. Every frame of the page
becomes exactly one unit; every hole becomes a declared span; so each epoch is tiled from its first unit to its last.

What the media clock of a browser really does, and what is made of it:
- it is late by tens of milliseconds when the machine is busy, or by seconds after a freeze, and catches up in a burst of
  frames: no hole. Late frames wait until their lateness no longer falls (STEADY_US, over STEADY_FRAMES when late by
  little, over FREEZE_FRAMES when late by much); if it is more than TOLERANCE_US then, there is a hole before them, as
  long as the least late of them says;
- it starts, and starts again after a pause, on another zero, and jumps back to the true one at once: the timeline goes on
  without a break (EARLY_FRAMES);
- it runs a little faster or slower than the samples: followed at SLEW_US for each frame, never declared;
- time that the wall clock did not see pass is a new zero of the media clock, not missing time (WALL_TRUST_US);
- it jumps back later on only when capture itself started anew: a new epoch.
"""

from dataclasses import dataclass, replace

import numpy as np

from producers.browser.frames import PageFrame
from schemas.timebase import BYTES_PER_UNIT, UNIT_US
from schemas.vocabulary import ChunkKind, GapCause

TOLERANCE_US = 40_000
BACKWARD_US = 200_000
FREEZE_US = 200_000
STEADY_US = 30_000
STEADY_FRAMES = 4
FREEZE_FRAMES = 25
SETTLE_US = 300_000
EARLY_FRAMES = 25
WALL_TRUST_US = 500_000
SLEW_US = 20
SILENCE_PEAK = 1


@dataclass(frozen=True)
class Span:
    """`units` units of one kind from `seq` on; audio spans are one unit long and carry its samples."""

    epoch: int
    epoch_started_at_us: int
    seq: int
    units: int
    kind: ChunkKind
    cause: GapCause | None
    pcm: bytes
    captured_at_us: int


@dataclass(frozen=True)
class Explanation:
    """What somebody else knows of time that is missing around `at_us`."""

    at_us: int
    kind: ChunkKind
    cause: GapCause | None


def is_silent(pcm: bytes) -> bool:
    """Whether the source sent nothing: a decoder makes zeros, or its last bit, of a muted microphone."""
    samples = np.frombuffer(pcm, dtype="<i2")
    return bool(samples.max() <= SILENCE_PEAK and samples.min() >= -SILENCE_PEAK)


@dataclass
class Ruler:
    """Where a clock should stand at the next unit."""

    nominal_us: int

    def divergence_us(self, found_us: int, units_ahead: int = 0) -> int:
        """How much later than expected the clock stands, `units_ahead` units from here."""
        return found_us - self.nominal_us - units_ahead * UNIT_US

    def advance(self, units: int) -> None:
        self.nominal_us += units * UNIT_US

    def follow(self, divergence_us: int) -> None:
        """Give way to a drift of the clock against the samples, too little to hide a hole."""
        self.nominal_us += max(-SLEW_US, min(SLEW_US, divergence_us))


class Framer:
    """The timeline of one stream. `push` frames in the order of the page; spans come out in order of (epoch, seq)."""

    def __init__(self) -> None:
        self.epoch = 0
        self._started_at_us: int | None = None
        self._next_seq = 0
        self._media = Ruler(0)
        self._wall = Ruler(0)
        self._last_wall_us = 0
        self._since_start = 0
        self._left_over_us = 0  # of holes, which are declared in whole units
        self._waiting: list[PageFrame] = []
        self._explanation: Explanation | None = None

    @property
    def open(self) -> bool:
        """Whether this epoch has a first frame."""
        return self._started_at_us is not None

    def push(self, frame: PageFrame, *, lost: int = 0) -> list[Span]:
        """The spans that are settled now; `lost` is how many frames the page made since the last one and we never got."""
        if not self.open:
            self._begin(frame)
        spans = self._lost_on_the_way(frame, lost) if lost else []
        late_us = self._media.divergence_us(frame.media_us, len(self._waiting))
        if late_us > TOLERANCE_US:
            self._waiting.append(frame)
            return spans + (self._confirm() if self._steady() else [])
        spans += self._let_go()
        if late_us < -BACKWARD_US:
            self._new_zero(frame)
        return [*spans, self._unit(frame)]

    def explain(self, explanation: Explanation) -> None:
        """Say why time around a moment is, or will be found, missing; otherwise a hole is a stall of capture."""
        self._explanation = explanation

    def settle(self, now_us: int) -> list[Span]:
        """Decide about frames that wait for company which does not come."""
        if self._waiting and now_us - self._waiting[-1].wall_us > SETTLE_US:
            return self._confirm()
        return []

    def close(self, until_us: int | None = None) -> list[Span]:
        """End this epoch, declaring what is missing up to the wall clock `until_us`; the next frame begins another."""
        if not self.open:
            return []
        spans = self._confirm() if self._waiting else []
        missing = (until_us - self._wall.nominal_us) // UNIT_US if until_us else 0
        if missing > 0:
            spans.append(self._span(missing, *self._reason()))
        self._end_epoch()
        return spans

    def _begin(self, frame: PageFrame) -> None:
        self._started_at_us = frame.wall_us
        self._media, self._wall = Ruler(frame.media_us), Ruler(frame.wall_us)
        self._next_seq = self._since_start = self._left_over_us = 0

    def _end_epoch(self) -> None:
        self.epoch += 1
        self._started_at_us = None

    def _new_zero(self, frame: PageFrame) -> None:
        if self._since_start > EARLY_FRAMES:
            self._end_epoch()
            self._begin(frame)
        self._media = Ruler(frame.media_us)

    def _lost_on_the_way(self, frame: PageFrame, lost: int) -> list[Span]:
        spans = self._let_go()
        if self._media.divergence_us(frame.media_us) > lost * UNIT_US - TOLERANCE_US:
            spans.append(self._span(lost, ChunkKind.GAP, GapCause.UNKNOWN))
        return spans

    def _let_go(self) -> list[Span]:
        """The waiting frames were late, not after a hole."""
        waiting, self._waiting = self._waiting, []
        return [self._unit(frame) for frame in waiting]

    def _late_us(self, at: int) -> int:
        return self._media.divergence_us(self._waiting[at].media_us, at)

    def _steady(self) -> bool:
        """Whether the waiting frames no longer catch up."""
        last = len(self._waiting) - 1
        frames = STEADY_FRAMES if self._late_us(0) < FREEZE_US else FREEZE_FRAMES
        earlier = last - frames + 1
        return earlier >= 0 and self._late_us(last) > self._late_us(earlier) - STEADY_US

    def _confirm(self) -> list[Span]:
        """There is a hole before the waiting frames."""
        late_us = min(self._late_us(at) for at in range(len(self._waiting)))
        wall_late_us = min(self._wall.divergence_us(frame.wall_us, at) for at, frame in enumerate(self._waiting))
        believed_us = late_us if late_us - wall_late_us <= WALL_TRUST_US else wall_late_us
        missing = max(0, round((believed_us + self._left_over_us) / UNIT_US))
        self._left_over_us += believed_us - missing * UNIT_US
        self._media.nominal_us += late_us - missing * UNIT_US
        spans = [self._span(missing, *self._reason())] if missing else []
        self._since_start = 0
        return spans + self._let_go()

    def _reason(self) -> tuple[ChunkKind, GapCause | None]:
        known = self._explanation
        if known and known.at_us >= self._last_wall_us - WALL_TRUST_US:
            return known.kind, known.cause
        return ChunkKind.GAP, GapCause.CAPTURE_STALL

    def _unit(self, frame: PageFrame) -> Span:
        self._media.follow(self._media.divergence_us(frame.media_us))
        self._wall.follow(self._wall.divergence_us(frame.wall_us))
        self._last_wall_us = frame.wall_us
        self._since_start += 1
        silent = is_silent(frame.pcm)
        pcm = b"" if silent else frame.pcm.ljust(BYTES_PER_UNIT, b"\0")
        kind = ChunkKind.SILENCE if silent else ChunkKind.AUDIO
        return replace(self._span(1, kind, None), pcm=pcm, captured_at_us=frame.wall_us)

    def _span(self, units: int, kind: ChunkKind, cause: GapCause | None) -> Span:
        assert self._started_at_us is not None
        span = Span(self.epoch, self._started_at_us, self._next_seq, units, kind, cause, b"", self._wall.nominal_us)
        self._next_seq += units
        self._media.advance(units)
        self._wall.advance(units)
        return span
