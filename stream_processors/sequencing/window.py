"""What is counted of ten seconds of one stream and epoch."""

import math
from dataclasses import dataclass, field

import numpy as np

from schemas.timebase import SAMPLES_PER_UNIT, UNIT_MS
from schemas.vocabulary import ChunkKind
from stream_processors.sequencing.span import Span

WINDOW_UNITS = 500
FULL_SCALE = 32_767
UNDECLARED = "undeclared"


@dataclass
class Counts:
    """Units by what became of them; `expected` are the units the ordered stream has passed."""

    expected: int = 0
    duplicate: int = 0
    late: int = 0
    reordered: int = 0
    silence: int = 0
    absent: int = 0
    audio: int = 0
    clipped: int = 0
    gap: dict[str, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """Units that arrived, declared gaps included, undeclared ones not."""
        return self.audio + self.silence + self.absent + sum(self.gap.values()) - self.gap.get(UNDECLARED, 0)


class Window:
    """Counts, level, delays and clock offset of one window."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.counts = Counts()
        self.revision = 0
        self.least_offset_us: int | None = None
        self._power = 0.0
        self._delays_ms: list[float] = []

    @property
    def end_seq(self) -> int:
        return (self.index + 1) * WINDOW_UNITS

    @property
    def length_ms(self) -> int:
        return self.counts.expected * UNIT_MS

    @property
    def level_dbfs(self) -> float | None:
        """RMS over the window's audio; None without any."""
        if not self.counts.audio or self._power <= 0:
            return None
        return 10 * math.log10(self._power / self.counts.audio)

    def delay_ms(self, percent: int) -> float | None:
        """Percentile of first sample captured to appended on Kafka; None when no audio was timed."""
        return float(np.percentile(self._delays_ms, percent)) if self._delays_ms else None

    def count(self, span: Span) -> None:
        """Count a span that lies inside this window."""
        self.counts.expected += span.units
        match span.kind:
            case ChunkKind.AUDIO:
                self._hear(span)
            case ChunkKind.SILENCE:
                self.counts.silence += span.units
            case ChunkKind.ABSENT:
                self.counts.absent += span.units
            case _:
                cause = UNDECLARED if span.undeclared else str(span.cause or "unknown")
                self.counts.gap[cause] = self.counts.gap.get(cause, 0) + span.units

    def timed(self, delay_ms: float, offset_us: int) -> None:
        """A chunk that starts here took `delay_ms` to Kafka; its capture lies `offset_us` after its media time."""
        self._delays_ms.append(delay_ms)
        if self.least_offset_us is None or offset_us < self.least_offset_us:
            self.least_offset_us = offset_us

    def _hear(self, span: Span) -> None:
        samples = np.frombuffer(span.pcm, dtype="<i2")
        exact = samples.astype(np.float32)
        self.counts.audio += span.units
        if samples.max() >= FULL_SCALE or samples.min() <= -FULL_SCALE:
            self.counts.clipped += _clipped(samples.reshape(span.units, SAMPLES_PER_UNIT))
        self._power += float(np.dot(exact, exact)) / (SAMPLES_PER_UNIT * (FULL_SCALE + 1) ** 2)


def _clipped(units: np.ndarray) -> int:
    """How many units, a row each, touch full scale."""
    loudest = (units.max(axis=1) >= FULL_SCALE) | (units.min(axis=1) <= -FULL_SCALE)
    return int(np.count_nonzero(loudest))
