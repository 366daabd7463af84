"""Rows of one table as a frame, which Arrow carries to ClickHouse without a step for every value. Pure."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from sinks.clickhouse.mapping.block import Block

READABLE_BY_ALL = pl.CompatLevel.oldest()  # ClickHouse has not read Arrow's string views for long


@dataclass(frozen=True)
class Frame:
    """`rows` has the table's columns by their names; row `n` of them comes from `offsets[n]`, and offsets rise."""

    table: str
    rows: pl.DataFrame
    offsets: Sequence[int]

    def part(self, first: int, end: int) -> "Frame":
        """Rows `first` to `end`, not included."""
        return Frame(self.table, self.rows.slice(first, end - first), self.offsets[first:end])

    def arrow(self) -> bytes:
        """The rows as one record batch of an Arrow stream: to ClickHouse one block."""
        stream = io.BytesIO()
        self.rows.rechunk().write_ipc_stream(stream, compression="lz4", compat_level=READABLE_BY_ALL)
        return stream.getvalue()

    def block(self) -> Block:
        """The same rows, value by value."""
        return Block(self.table, [_values(column) for column in self.rows], self.offsets)


def placed(rows: pl.DataFrame, partition: int, offsets: Sequence[int]) -> pl.DataFrame:
    """`rows` with the columns that say where each lies on its topic."""
    places = {"log_partition": [partition] * len(offsets), "log_offset": offsets}
    return rows.with_columns(**{name: pl.Series(values, dtype=pl.Int64) for name, values in places.items()})


def _values(column: pl.Series) -> list[Any]:
    return (column.to_physical() if column.dtype.is_temporal() else column).to_list()
