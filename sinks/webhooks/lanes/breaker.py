"""Whether an endpoint is worth trying: closed, open for a while after failures in a row, then one probe. Pure."""

from enum import Enum, auto

from sinks.webhooks.endpoints.retry_policy import SECOND_US, spread

FAILURES_TO_OPEN = 5
BAD_ANSWERS_TO_OPEN = 20
"""Answers that refuse a delivery: the endpoint lives, and it may be the deliveries that it does not like."""
FIRST_OPEN_US = 5 * SECOND_US
MOST_DOUBLINGS = 6
JITTER = 0.2


class State(Enum):
    """`PROBING`: open, with the one try under way that decides."""

    CLOSED = auto()
    OPEN = auto()
    PROBING = auto()


class Breaker:
    """One endpoint's. It opens for `first_open_us`; every further time in a row for twice as long, up to 64 times."""

    def __init__(self, endpoint_id: str, first_open_us: int = FIRST_OPEN_US) -> None:
        self._endpoint_id = endpoint_id
        self._first_open_us = first_open_us
        self._failures = 0.0
        self._trips = self._until_us = 0
        self.state = State.CLOSED

    @property
    def ready_us(self) -> int | None:
        """From when on a try may start; None while the probe is under way."""
        return None if self.state is State.PROBING else self._until_us

    def started(self) -> None:
        if self.state is State.OPEN:
            self.state = State.PROBING

    def answered(self, delivered: bool, down: bool, now_us: int) -> bool:
        """Hear of a try's end; whether that opened the breaker. `down`: it did not answer, or said it cannot serve."""
        if delivered:
            self._failures = 0.0
            self._trips = self._until_us = 0
            self.state = State.CLOSED
            return False
        self._failures += 1 if down else FAILURES_TO_OPEN / BAD_ANSWERS_TO_OPEN
        if self.state is State.OPEN or (self.state is State.CLOSED and self._failures < FAILURES_TO_OPEN):
            return False
        open_us = self._first_open_us << min(self._trips, MOST_DOUBLINGS)
        self._trips += 1
        self._until_us = now_us + int(open_us * (1 + JITTER * spread(self._endpoint_id, self._trips)))
        self.state = State.OPEN
        return True

    def broken_off(self) -> None:
        """A try ended without an answer, for a reason of ours: if it was the probe, another may start."""
        if self.state is State.PROBING:
            self.state = State.OPEN
