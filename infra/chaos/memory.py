"""Whether a process's memory stays flat, from samples of its resident size. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression

WARM_UP = 1 / 3
GROWTH_MB = 10.0
GROWTH = 0.05


@dataclass(frozen=True)
class Sample:
    """Resident memory of a process and its children at a moment of the run."""

    at_s: float
    resident_mb: float


@dataclass(frozen=True)
class Memory:
    """From the end of the warm-up on: the mean of the first and of the last quarter, and the slope between."""

    first_mb: float
    last_mb: float
    mb_per_minute: float

    @property
    def flat(self) -> bool:
        """Grown by no more than a twentieth and a little."""
        return self.last_mb <= self.first_mb * (1 + GROWTH) + GROWTH_MB


def judged(samples: Sequence[Sample]) -> Memory:
    """Leave out the first third, in which caches and pools fill; needs at least six samples."""
    steady = samples[int(len(samples) * WARM_UP) :]
    quarter = max(1, len(steady) // 4)
    slope = linear_regression([each.at_s for each in steady], [each.resident_mb for each in steady]).slope
    return Memory(
        first_mb=fmean(each.resident_mb for each in steady[:quarter]),
        last_mb=fmean(each.resident_mb for each in steady[-quarter:]),
        mb_per_minute=slope * 60,
    )
