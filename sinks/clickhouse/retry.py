"""How long ClickHouse has been away, and when it is asked again. Pure: a table a person can read."""

from dataclasses import dataclass

DELAYS_MS = (200, 500, 1_000, 2_000, 5_000)


@dataclass(frozen=True)
class Outage:
    """No outage, or one with so many failed tries in a row; the next may begin at `retry_at_ms`."""

    failures: int = 0
    retry_at_ms: float = float("-inf")

    def after_failure(self, now_ms: float) -> "Outage":
        """The outage goes on: each try waits longer than the one before, up to the last delay of the table."""
        delay_ms = DELAYS_MS[min(self.failures, len(DELAYS_MS) - 1)]
        return Outage(self.failures + 1, now_ms + delay_ms)

    def may_try(self, now_ms: float) -> bool:
        return now_ms >= self.retry_at_ms


NONE = Outage()
