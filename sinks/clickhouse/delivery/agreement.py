"""Whether a table of the server can hold what our columns send. Pure.

Asked when rows are refused as bad data: a column that someone has given another type refuses every row, and a whole stream of
good records must not end as dead letters for it.
"""

import re
from collections.abc import Mapping

from sinks.clickhouse.mapping import columns
from sinks.clickhouse.mapping.columns import Column, Encoder, Optional, Whole
from sinks.clickhouse.mapping.tables import COLUMN_NAMES, TABLES

WRAPPED = re.compile(r"(?:LowCardinality|Nullable)\((.*)\)")
INTEGER = re.compile(r"(U?)Int(\d+)")
HOLDERS: dict[Encoder, tuple[str, ...]] = {
    columns.text: ("String", "FixedString", "Enum"),
    columns.key: ("String", "FixedString", "Enum"),
    columns.flag: ("Bool", "UInt8"),
    columns.moment: ("DateTime64",),
    columns.real: ("Float32", "Float64"),
    columns.texts: ("Array(",),
    columns.counts: ("Map(",),
    columns.attributes: ("Map(",),
}


def disagreements(table: str, types: Mapping[str, str]) -> list[str]:
    """What is wrong with the server's columns (type by name) for the rows we make: nothing, when they agree."""
    missing = [f"it has no column {name}" for name in COLUMN_NAMES[table] if name not in types]
    ours = next((entry.columns for entry in TABLES.values() if entry.name == table), ())
    wrong = [
        f"its column {column.name} is {types[column.name]}"
        for column in ours
        if column.name in types and not _holds(column, types[column.name])
    ]
    return missing + wrong


def _holds(column: Column, kind: str) -> bool:
    if column.encode is None:
        return True
    if column.entry:
        return kind.startswith("Array(") and _takes(column.encode, kind.removeprefix("Array(").removesuffix(")"))
    return _takes(column.encode, kind)


def _takes(encode: Encoder, kind: str) -> bool:
    if isinstance(encode, Optional):
        return "Nullable(" in kind and _takes(encode.encode, kind)
    while wrapped := WRAPPED.fullmatch(kind):
        kind = wrapped[1]
    if isinstance(encode, Whole):
        return _spans(kind, encode)
    return kind.startswith(HOLDERS.get(encode, ("",)))


def _spans(kind: str, whole: Whole) -> bool:
    integer = INTEGER.fullmatch(kind)
    if not integer:
        return False
    bits = int(integer[2])
    lowest, highest = (0, 2**bits - 1) if integer[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return lowest <= whole.lowest and whole.highest <= highest
