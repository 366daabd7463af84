"""Why this sink is not ready, if it is not. Pure."""

from sinks.clickhouse.retry import Outages

SERVER_AWAY_MS = 10_000.0
TABLE_REFUSES_MS = 30_000.0


def faults_of(outages: Outages, now_ms: float) -> list[str]:
    """One line for each fault a person should look at; a stopped table at once, what may pass by itself after a while."""
    server = outages.server
    away_s = (now_ms - server.since_ms) / 1000
    found = (
        [f"no answer for {away_s:.0f} s: {server.reason}"] if server.failures and away_s * 1000 > SERVER_AWAY_MS else []
    )
    for table, outage in outages.tables.items():
        if outage.stopped:
            found.append(f"table {table} is stopped: {outage.reason}")
        elif now_ms - outage.since_ms > TABLE_REFUSES_MS:
            found.append(f"table {table} takes nothing: {outage.reason}")
    return found
