"""Negative controls of the kill matrix: `python careless_sink.py HOW`, the real sink with one rule broken.

without_token: every insert has a token of its own, so what is tried again goes in again. commit_first: the offset after the batch
is committed before the insert, so what dies in between is gone.
"""

import sys
from uuid import uuid4

from sinks.clickhouse.cli import clickhouse
from sinks.clickhouse.delivery import delivery
from sinks.clickhouse.delivery.intake import Mark
from sinks.clickhouse.delivery.intent import intent_of
from sinks.clickhouse.server import adapter


def without_token() -> None:
    """No two inserts look alike to ClickHouse."""
    named = adapter._settings
    adapter._settings = lambda token: named(f"{token}:{uuid4()}")  # type: ignore[assignment]


def commit_first() -> None:
    """Where the intent belongs stands the offset after the batch."""

    def mark(offset: int, metadata: str = "") -> Mark:
        intent = intent_of(metadata)
        return Mark(intent.last_offset + 1) if intent else Mark(offset, metadata)

    delivery.Mark = mark  # type: ignore[assignment,misc]


if __name__ == "__main__":
    {"without_token": without_token, "commit_first": commit_first}[sys.argv[1]]()
    clickhouse([], standalone_mode=True)
