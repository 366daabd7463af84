"""A fake service that hears the numbers which `earshot synthetic` speaks, at any sample rate and however they are cut.

The rule is that of tests/fakes/heard_numbers.py, applied as the audio comes: the mean over one period of the vowel is the
number.
"""

from itertools import pairwise

import numpy as np

from producers.synthetic.numbers import FUNDAMENTAL_HZ, STEP
from tests.fakes.heard_numbers import SHORTEST_MS
from tests.fakes.stt.ear import HeardWord


class SpokenEar:
    """A run is a stretch of one number; one that is too short is the edge between two words."""

    cuttable = True

    def __init__(self, rate_hz: int) -> None:
        self.position = 0
        self._period = rate_hz // FUNDAMENTAL_HZ
        self._shortest = rate_hz * SHORTEST_MS // 1000
        self._rest = np.zeros(0, dtype=np.int64)
        self._quiet_from = 0
        self._runs: list[tuple[int, int, int]] = []  # (number, from, to)

    @property
    def words(self) -> list[HeardWord]:
        runs = [run for run in self._runs if run[0] > 0 and run[2] - run[1] >= self._shortest]
        words = [HeardWord(f"w{number}", from_sample, to_sample) for number, from_sample, to_sample in runs]
        for word, follower in pairwise(words):
            if word.to_sample > follower.from_sample:
                word.to_sample = follower.from_sample = (word.to_sample + follower.from_sample) // 2
        return words

    @property
    def silence(self) -> int:
        words = self.words
        return self.position - (words[-1].to_sample if words else self._quiet_from)

    async def hear(self, pcm: bytes) -> None:
        samples = np.concatenate((self._rest, np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2")))
        first = self.position - len(self._rest)
        self.position = first + len(samples)
        if len(samples) >= self._period:
            self._levels(samples, first)
        self._rest = samples[-(self._period - 1) :]

    async def settle(self) -> None:
        """There is never a doubt."""

    def forget(self, before: int) -> None:
        gone = [word.to_sample for word in self.words if word.to_sample <= before]
        self._quiet_from = max(gone, default=self._quiet_from)
        self._runs = [run for run in self._runs if run[2] > before]

    async def close(self) -> None:
        """Nothing to let go of."""

    def _levels(self, samples: np.ndarray, first: int) -> None:
        sums = np.concatenate(([0], np.cumsum(samples)))
        levels = np.rint((sums[self._period :] - sums[: -self._period]) / (self._period * STEP)).astype(int)
        edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
        for a, b in pairwise(edges):
            self._run(int(levels[a]), first + a, first + b + self._period - 1)

    def _run(self, number: int, from_sample: int, to_sample: int) -> None:
        last = self._runs[-1] if self._runs else None
        if last and last[0] == number and last[2] - self._period + 1 == from_sample:
            self._runs[-1] = (number, last[1], to_sample)
        elif number or (last and last[0]):
            self._runs.append((number, from_sample, to_sample))
