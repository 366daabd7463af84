"""The row a record becomes, and the row a dead letter becomes. Pure.

A row is checked value by value against its columns' types before it may join others: InvalidRecord names the field.
"""

from dataclasses import dataclass

from schemas.dead_letter import ERROR_LIMIT, RawRecord
from schemas.errors import InvalidRecord
from schemas.events import Record
from sinks.clickhouse.mapping.tables import DEAD_LETTERS, TABLES

TENANT_HEADER = "tenant_id"


@dataclass(frozen=True)
class Row:
    """Values for `table`, in the order of tables.COLUMN_NAMES."""

    table: str
    values: tuple[object, ...]


def row_of(topic: str, record: Record, *, partition: int, offset: int) -> Row:
    """The row of `record`; raises InvalidRecord when a value does not fit its column."""
    table = TABLES[topic]
    values = [column.read(record) for column in table.columns]
    return Row(table.name, (*values, partition, offset))


def dead_row(record: RawRecord, *, stage: str, error: InvalidRecord, failed_at_us: int) -> Row:
    """The row of a record that could not become one: its bytes as they lie in the log, and why."""
    tenants = [value.decode("utf-8", "replace") for name, value in record.headers if name == TENANT_HEADER]
    values = (
        tenants[0] if tenants else "",
        record.topic,
        record.partition,
        record.offset,
        stage,
        error.error_class,
        error.message[:ERROR_LIMIT].encode("utf-8", "replace").decode(),
        failed_at_us,
        record.key or b"",
        record.value or b"",
        dict(record.headers),
    )
    return Row(DEAD_LETTERS, values)
