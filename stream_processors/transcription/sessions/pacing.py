"""How much audio a session may be given now: live audio at once, kept-back audio no faster than its provider takes it.

A bucket that fills at `pace` times the wall clock and holds a second: a preroll, or what a slow moment held up, passes
at once, and over any stretch of w seconds no more than pace * w + 1 seconds of audio are sent.
"""

import math

from schemas.timebase import SAMPLE_RATE_HZ, SAMPLES_PER_UNIT

BURST_SAMPLES = SAMPLE_RATE_HZ
STEP_SAMPLES = 5 * SAMPLES_PER_UNIT


class Pacer:
    """The bucket of one session, full when it opens."""

    def __init__(self, pace: float, now_ms: float) -> None:
        self._samples_per_ms = pace * SAMPLE_RATE_HZ / 1000
        self._level = float(BURST_SAMPLES)
        self._at_ms = now_ms

    def allowed(self, wanted_samples: int, now_ms: float) -> int:
        """How many of the samples may be sent now: all, or whole units of 20 ms."""
        self._fill(now_ms)
        if wanted_samples <= self._level:
            return wanted_samples
        return max(0, int(self._level) // SAMPLES_PER_UNIT * SAMPLES_PER_UNIT)

    def sent(self, samples: int) -> None:
        """So many samples were sent."""
        self._level -= samples

    def next_ms(self) -> float:
        """When the next 100 ms may be sent."""
        missing = max(0.0, STEP_SAMPLES - self._level)
        return self._at_ms + missing / self._samples_per_ms

    def _fill(self, now_ms: float) -> None:
        if math.isinf(self._samples_per_ms):
            self._level = math.inf
            return
        elapsed_ms = max(0.0, now_ms - self._at_ms)
        self._level = min(float(BURST_SAMPLES), self._level + elapsed_ms * self._samples_per_ms)
        self._at_ms = max(self._at_ms, now_ms)
