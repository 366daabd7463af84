"""What a scripted engine hears in the audio of producers/synthetic/numbers.py, at the sample rate it gets. Pure.

The mean over one period of the vowel is the number; where it does not change, a word is being said. A word shorter than
SHORTEST_MS, which is what is left of one that was cut, is not heard.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from producers.synthetic.numbers import FUNDAMENTAL_HZ, STEP
from schemas.timebase import BYTES_PER_SAMPLE

SHORTEST_MS = 40


@dataclass(frozen=True)
class HeardNumber:
    """One word, between samples of the audio that was given."""

    number: int
    from_sample: int
    to_sample: int

    @property
    def text(self) -> str:
        return f"w{self.number}"


def numbers(pcm: bytes, sample_rate_hz: int) -> list[HeardNumber]:
    """The words in PCM16, in order; the first and the last may be cut by the ends of the audio."""
    period = sample_rate_hz // FUNDAMENTAL_HZ
    levels = _levels(np.frombuffer(pcm, dtype="<i2", count=len(pcm) // BYTES_PER_SAMPLE), period)
    edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
    shortest = sample_rate_hz * SHORTEST_MS // 1000
    words = [
        HeardNumber(int(levels[first]), first, end + period - 1)
        for first, end in itertools.pairwise(edges)
        if end > first and levels[first] > 0 and end + period - 1 - first >= shortest
    ]
    return _side_by_side(words)


def _levels(samples: npt.NDArray[np.int16], period: int) -> npt.NDArray[np.int64]:
    """The number at each place where a whole period fits."""
    if len(samples) < period:
        return np.zeros(0, dtype=np.int64)
    sums = np.concatenate(([0], np.cumsum(samples, dtype=np.int64)))
    return np.rint((sums[period:] - sums[:-period]) / (period * STEP)).astype(np.int64)


def _side_by_side(words: list[HeardNumber]) -> list[HeardNumber]:
    """Where two words claim the same period, each gets half."""
    parted = list(words)
    for at, (word, follower) in enumerate(itertools.pairwise(words)):
        if word.to_sample > follower.from_sample:
            border = (word.to_sample + follower.from_sample) // 2
            parted[at] = replace(parted[at], to_sample=border)
            parted[at + 1] = replace(follower, from_sample=border)
    return parted
