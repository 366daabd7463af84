"""Why this sink is not ready, if it is not. Pure."""

from sinks.clickhouse.delivery.retry import Outages

SERVER_AWAY_MS = 10_000.0
TABLE_REFUSES_MS = 30_000.0


def faults_of(outages: Outages, now_ms: float) -> dict[str, str]:
    """Reasons by what they concern, for a person to look at; a stopped table at once, what may pass by itself after a while."""
    found = {}
    server = outages.server
    if server.failures and now_ms - server.since_ms > SERVER_AWAY_MS:
        found["clickhouse"] = f"no answer for {(now_ms - server.since_ms) / 1000:.0f} s: {server.reason}"
    for table, outage in outages.tables.items():
        if outage.stopped:
            found[f"table {table}"] = f"stopped: {outage.reason}"
        elif now_ms - outage.since_ms > TABLE_REFUSES_MS:
            found[f"table {table}"] = f"takes nothing: {outage.reason}"
    return found
