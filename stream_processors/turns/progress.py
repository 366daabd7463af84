"""Is this worker alive? Judged by what it gets done, since a stream processor can stand still with every thread up. Pure."""

from dataclasses import dataclass

STALL_LIMIT_S = 60.0


@dataclass(frozen=True)
class Signs:
    """What can be seen of the worker from outside: `applied` counts records, `behind` says there are more to apply."""

    applied: int
    behind: bool
    rebalancing: bool
    waiting: bool


class Progress:
    """Remembers when something was last got done, or there was nothing to do."""

    def __init__(self, now_s: float) -> None:
        self._at_s = now_s
        self._applied = 0

    def stalled_for_s(self, signs: Signs, now_s: float) -> float:
        """Seconds without progress. Waiting for a service that is away, and saying so, is not a stall."""
        idle = not signs.behind and not signs.rebalancing
        if idle or signs.waiting or signs.applied != self._applied:
            self._at_s = now_s
        self._applied = signs.applied
        return now_s - self._at_s


class Lease:
    """A worker that was stopped for longer than its group waits is not a member any more, before anyone tells it so."""

    def __init__(self, length_s: float, now_s: float) -> None:
        self._length_s = length_s
        self._renewed_at_s = now_s

    def holds(self, now_s: float) -> bool:
        return now_s - self._renewed_at_s < self._length_s

    def renew(self, now_s: float) -> bool:
        """Whether it held until now; only then does it go on."""
        held = self.holds(now_s)
        self._renewed_at_s = now_s if held else self._renewed_at_s
        return held
