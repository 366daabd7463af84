"""From the time that passes here to the time of a meeting that may go faster. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """A meeting that began at `started_at_us` when the monotonic clock stood at `began_ms`."""

    started_at_us: int
    began_ms: float
    speed: float

    def meeting_us(self, now_ms: float) -> int:
        """The meeting's time now."""
        return self.started_at_us + round((now_ms - self.began_ms) * 1000 * self.speed)

    def until_ms(self, meeting_us: int, now_ms: float) -> float:
        """How long until it is `meeting_us` in the meeting; 0 when that is over."""
        return max(0.0, (meeting_us - self.meeting_us(now_ms)) / (1000 * self.speed))


def start_us(now_us: int, duration_us: int | None, speed: float) -> int:
    """When a meeting must have begun so that, at this speed, nothing in it is of the future and its end is now."""
    if duration_us is None or speed <= 1:
        return now_us
    return now_us - round(duration_us * (1 - 1 / speed))
