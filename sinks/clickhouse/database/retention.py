"""How long each table keeps its rows: what the settings want against what the server has. Pure.

A TTL is of a time that never changes for a row, so a row that is emitted again dies when the first one would have.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.settings import ClickHouseSettings
from sinks.clickhouse.database.layout import Layout

KEPT_FROM = {
    "turns": "recording_started_at",
    "turn_revisions": "recording_started_at",
    "turn_latencies": "recording_started_at",
    "participant_events": "occurred_at",
    "bot_events": "occurred_at",
    "stt_sessions": "occurred_at",
    "quality_windows": "occurred_at",
    "webhook_attempts": "occurred_at",
    "sink_dead_letters": "failed_at",
}
DAYS = re.compile(r"\bTTL .*?toIntervalDay\((\d+)\)")


@dataclass(frozen=True)
class Change:
    """A table whose TTL is not what the settings say; 0 days is for ever."""

    table: str
    days: int

    def statement(self, layout: Layout) -> str:
        alter = f"ALTER TABLE {layout.database}.{self.table}{layout.fill('{on_cluster}')}"
        if not self.days:
            return f"{alter} REMOVE TTL"
        return f"{alter} MODIFY TTL toDateTime({KEPT_FROM[self.table]}) + toIntervalDay({self.days})"


def wanted(settings: ClickHouseSettings) -> dict[str, int]:
    """Days for each table."""
    named = {table: getattr(settings, f"clickhouse_{table}_days", None) for table in KEPT_FROM}
    return {table: settings.clickhouse_turns_days if days is None else days for table, days in named.items()}


def kept(definition: str) -> int:
    """Days of a table by its definition (`engine_full`)."""
    found = DAYS.search(definition)
    return int(found[1]) if found else 0


def changes(want: Mapping[str, int], definitions: Mapping[str, str]) -> list[Change]:
    """What to alter: only what differs, for an alteration rewrites rows."""
    return [
        Change(table, days) for table, days in want.items() if table in definitions and kept(definitions[table]) != days
    ]
