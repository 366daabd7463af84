"""Rows of one table, in columns, and the offsets they came from: what one INSERT sends as one block. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sinks.clickhouse.mapping.rows import Row


@dataclass(frozen=True)
class Block:
    """`columns` are in the order of tables.COLUMN_NAMES; row `n` of them comes from `offsets[n]`, and offsets rise."""

    table: str
    columns: Sequence[Sequence[Any]]
    offsets: Sequence[int]

    def part(self, first: int, end: int) -> "Block":
        """Rows `first` to `end`, not included."""
        return Block(self.table, [column[first:end] for column in self.columns], self.offsets[first:end])


def block_of(table: str, rows: Sequence[Row], offsets: Sequence[int]) -> Block:
    """The block of rows that were made one by one."""
    return Block(table, list(zip(*(row.values for row in rows), strict=True)), offsets)
