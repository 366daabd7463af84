"""Writes one batch: an insert for each of its tables, each acknowledged by ClickHouse before the next."""

from schemas.telemetry import ROWS_INSERTED
from sinks.clickhouse.adapter import Server
from sinks.clickhouse.batch import Batch, Insert
from sinks.clickhouse.tables import COLUMN_NAMES


class Writer:
    """Of one thread, with that thread's own connection."""

    def __init__(self, server: Server, *, database: str, group: str) -> None:
        self._server = server
        self._database = database
        self._group = group

    def write(self, batch: Batch) -> None:
        """Return once all rows are in. May be called again for the same batch: no row gets in twice."""
        for insert in batch.inserts(self._group):
            self._server.insert(self._into(insert), insert.rows, token=insert.token)
            ROWS_INSERTED.labels(insert.table).inc(len(insert.rows))

    def close(self) -> None:
        self._server.close()

    def _into(self, insert: Insert) -> str:
        names = ", ".join(f"`{name}`" for name in COLUMN_NAMES[insert.table])
        return f"{self._database}.{insert.table} ({names})"
