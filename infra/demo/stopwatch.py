"""Seconds since the start and since the last lap, by a clock that never runs backwards."""

from schemas.timebase import Clock


class Stopwatch:
    """Runs from the moment it is made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_ms = self._lap_ms = clock.monotonic_ms()

    def elapsed_s(self) -> float:
        """Since the start."""
        return (self._clock.monotonic_ms() - self._began_ms) / 1000

    def lap_s(self) -> float:
        """Since the last lap, or the start; begins the next one."""
        now_ms = self._clock.monotonic_ms()
        lap_ms, self._lap_ms = now_ms - self._lap_ms, now_ms
        return round(lap_ms / 1000, 2)
