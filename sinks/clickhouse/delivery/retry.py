"""How long something has refused, and when it is asked again. Pure: tables a person can read.

An outage is of the whole server, when nothing is known of what became of an insert, or of one table.
"""

from dataclasses import dataclass, field, replace

from sinks.clickhouse.server.refusal import Refusal

DELAYS_MS = (200, 500, 1_000, 2_000, 5_000)
STOPPED_DELAYS_MS = (1_000, 2_000, 5_000, 15_000, 30_000)


@dataclass(frozen=True)
class Outage:
    """No outage, or one with so many failed tries in a row; the next may begin at `retry_at_ms`."""

    failures: int = 0
    retry_at_ms: float = float("-inf")
    since_ms: float = 0.0
    reason: str = ""
    stopped: bool = False

    def after_failure(self, now_ms: float, reason: str = "", *, stopped: bool = False) -> "Outage":
        """The outage goes on: each try waits longer than the one before, up to the last delay of the table."""
        delays_ms = STOPPED_DELAYS_MS if stopped else DELAYS_MS
        delay_ms = delays_ms[min(self.failures, len(delays_ms) - 1)]
        since_ms = self.since_ms if self.failures else now_ms
        return replace(
            self,
            failures=self.failures + 1,
            retry_at_ms=now_ms + delay_ms,
            since_ms=since_ms,
            reason=reason,
            stopped=stopped,
        )

    def may_try(self, now_ms: float) -> bool:
        return now_ms >= self.retry_at_ms


NONE = Outage()


@dataclass
class Outages:
    """The outage of the server, and those of single tables that the server will not take rows for."""

    server: Outage = NONE
    tables: dict[str, Outage] = field(default_factory=dict)

    def may_try(self, table: str, now_ms: float) -> bool:
        return self.server.may_try(now_ms) and self.tables.get(table, NONE).may_try(now_ms)

    def after_failure(self, table: str, refusal: Refusal, now_ms: float, reason: str) -> Outage:
        """What this failure makes of the outage it belongs to."""
        if refusal is Refusal.UNKNOWN:
            self.server = self.server.after_failure(now_ms, reason)
            return self.server
        stopped = refusal in (Refusal.SCHEMA, Refusal.ACCESS)
        self.tables[table] = self.tables.get(table, NONE).after_failure(now_ms, reason, stopped=stopped)
        return self.tables[table]

    def after_success(self, table: str) -> bool:
        """Rows are in: neither server nor table refuses any more. True when the table had been stopped."""
        self.server = NONE
        return self.tables.pop(table, NONE).stopped

    def stopped(self) -> dict[str, str]:
        """Tables that stand still until somebody mends something, and why."""
        return {table: outage.reason for table, outage in self.tables.items() if outage.stopped}

    def retry_at_ms(self) -> float | None:
        """When the next try is due of whatever is out; None while nothing is."""
        tables = [max(outage.retry_at_ms, self.server.retry_at_ms) for outage in self.tables.values()]
        return min([*tables, *([self.server.retry_at_ms] if self.server.failures else [])], default=None)
