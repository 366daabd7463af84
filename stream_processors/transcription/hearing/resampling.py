"""48 kHz to 16 kHz, as a stream. soxr holds back about 20 ms, which `flush` hands out: sample n in is sample n/3 out."""

import numpy as np
import soxr

from schemas.timebase import SAMPLE_RATE_HZ

ENGINE_RATE_HZ = 16_000
RATIO = SAMPLE_RATE_HZ // ENGINE_RATE_HZ


class Resampler:
    """One stretch of audio without breaks; make a new one after a break."""

    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(SAMPLE_RATE_HZ, ENGINE_RATE_HZ, 1, dtype="int16")

    def feed(self, pcm: bytes) -> bytes:
        """PCM16 at 16 kHz, as much as is ready."""
        return self._resample(np.frombuffer(pcm, dtype="<i2"), last=False)

    def flush(self) -> bytes:
        """The rest; nothing may be fed afterwards."""
        return self._resample(np.zeros(0, dtype="<i2"), last=True)

    def _resample(self, samples: np.ndarray, *, last: bool) -> bytes:
        resampled: bytes = self._stream.resample_chunk(samples, last=last).tobytes()
        return resampled
