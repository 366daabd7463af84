"""Units of time and audio, and the clock shells read. Pure code takes `now_us` as an argument instead."""

import time
from typing import Protocol

SAMPLE_RATE_HZ = 48_000
UNIT_MS = 20
UNIT_US = UNIT_MS * 1000
SAMPLES_PER_UNIT = SAMPLE_RATE_HZ * UNIT_MS // 1000
BYTES_PER_SAMPLE = 2
BYTES_PER_UNIT = SAMPLES_PER_UNIT * BYTES_PER_SAMPLE
UNITS_PER_CHUNK = 5


class Clock(Protocol):
    """Wall clock for stamps that other machines compare, monotonic clock for durations."""

    def now_us(self) -> int:
        """UTC microseconds since 1970."""
        ...

    def monotonic_ms(self) -> float:
        """Milliseconds that never run backwards; the zero means nothing."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_ms(self) -> float:
        return time.monotonic_ns() / 1e6


def samples_to_us(samples: int) -> int:
    return samples * 1_000_000 // SAMPLE_RATE_HZ


def samples_to_ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ


def ms_to_samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000


def transcript_ms(sample: int, *, epoch_started_at_us: int, recording_started_at_us: int) -> int:
    """Place of a sample of an epoch on the meeting's ruler, in ms; negative before recording started."""
    return (epoch_started_at_us + samples_to_us(sample) - recording_started_at_us) // 1000
