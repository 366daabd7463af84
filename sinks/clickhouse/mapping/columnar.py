"""Many records to the columns of a table at once, when nothing about them is out of the ordinary. Pure.

Decoding Avro record by record costs ten times the insert. Here a whole batch is framed as one Avro file, which polars reads into
columns, and every check of `columns` is made on whole columns. The outcome is either exactly the rows that
`rows` would have made of each record, or None: one record that is poison, or of another schema, or does not fit, and the
batch goes the slow way, which finds it and names the field.

A record that is too short or too long would shift its neighbours in such a frame. So each record stands between two marks that
nobody can guess, and all of them must come back in their places.
"""

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from sinks.clickhouse.mapping import columns
from sinks.clickhouse.mapping.columns import Column, Encoder, Optional, Whole
from sinks.clickhouse.mapping.tables import Table

BEFORE, AFTER = "mark_before", "mark_after"
FILE_MAGIC = b"Obj\x01"
SYNC_BYTES = 16
Check = Callable[[pl.Series], bool]


def is_columnar(table: Table) -> bool:
    """Whether every column of the table is one that can be read for many records at once."""
    return all(column.encode is not None and _check(column.encode) is not None for column in table.columns)


def frame_of(table: Table, schema: Any, bodies: Sequence[bytes], mark: int) -> pl.DataFrame | None:
    """The table's columns for Avro `bodies`, all written with `schema`; None when one of them wants a closer look.

    `mark` is a random positive number below 2**62, drawn anew for every call.
    """
    try:
        frame = pl.read_avro(io.BytesIO(_avro_file(schema, bodies, mark)))
    except (PolarsError, PanicException, OSError):
        return None
    if frame.height != len(bodies) or not all((frame[name] == mark).all() for name in (BEFORE, AFTER)):
        return None
    read = [_column(column, frame[column.source]) for column in table.columns]
    return None if any(column is None for column in read) else pl.DataFrame(read)


def _column(column: Column, field: pl.Series) -> pl.Series | None:
    """The column's values from its field, of one kind and checked; None when one of them does not fit."""
    encode = column.encode
    check = _check(encode) if encode else None
    if encode is None or check is None:
        return None
    if not column.entry:
        return _sent(encode, field).alias(column.name) if check(field) else None
    inner = field.list.eval(pl.element().struct.field(column.entry))
    if not check(inner.explode(empty_as_null=False)):
        return None
    return inner.list.eval(_as_text(pl.element()) if _is_text(encode) else pl.element()).alias(column.name)


def _sent(encode: Encoder, values: pl.Series) -> pl.Series:
    """Checked values as the encoder would give them; a moment as what it is, which no other number is taken for."""
    if encode is columns.moment:
        return values.cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    return values.to_frame().select(_as_text(pl.all())).to_series() if _is_text(encode) else values


def _is_text(encode: Encoder) -> bool:
    return encode in (columns.text, columns.key)


def _as_text(values: pl.Expr) -> pl.Expr:
    return values.cast(pl.String).fill_null("")


def _check(encode: Encoder) -> Check | None:
    """The encoder's own check, on a whole column; None for an encoder that has none."""
    if isinstance(encode, Optional):
        inner = _check(encode.encode)
        return (lambda series: inner(series.drop_nulls())) if inner else None
    if isinstance(encode, Whole):
        return lambda series: _is_within(series, encode)
    return CHECKS.get(encode)


def _is_within(series: pl.Series, whole: Whole) -> bool:
    if not series.dtype.is_integer() or series.null_count():
        return False
    lowest, highest = series.min(), series.max()
    return lowest is None or whole.lowest <= int(str(lowest)) <= int(str(highest)) <= whole.highest


def _is_text_column(series: pl.Series) -> bool:
    return series.dtype in (pl.String, pl.Categorical, pl.Null)


def _is_key_column(series: pl.Series) -> bool:
    return _is_text_column(series) and not series.null_count() and bool((series.cast(pl.String) != "").all())


def _is_finite(series: pl.Series) -> bool:
    return series.dtype == pl.Float32 and not series.null_count() and series.is_finite().all()


def _is_flag(series: pl.Series) -> bool:
    return series.dtype == pl.Boolean and not series.null_count()


def _is_texts(series: pl.Series) -> bool:
    return (
        series.dtype == pl.List(pl.String)
        and not series.null_count()
        and not series.explode(empty_as_null=False).null_count()
    )


CHECKS: dict[Encoder, Check] = {
    columns.text: _is_text_column,
    columns.key: _is_key_column,
    columns.flag: _is_flag,
    columns.moment: lambda series: _is_within(series, columns.clock),
    columns.real: _is_finite,
    columns.texts: _is_texts,
}


def _avro_file(schema: Any, bodies: Sequence[bytes], mark: int) -> bytes:
    """An Avro object container file of one block; see the Avro specification, "Object Container Files"."""
    marked = {**schema, "fields": [_mark_field(BEFORE), *schema["fields"], _mark_field(AFTER)]}
    stamp, sync = _long(mark), mark.to_bytes(SYNC_BYTES, "big")
    block = stamp + (stamp + stamp).join(bodies) + stamp
    metadata = {b"avro.schema": json.dumps(marked).encode(), b"avro.codec": b"null"}
    entries = b"".join(_bytes(name) + _bytes(value) for name, value in metadata.items())
    header = FILE_MAGIC + _long(len(metadata)) + entries + _long(0) + sync
    return header + _long(len(bodies)) + _long(len(block)) + block + sync


def _mark_field(name: str) -> dict[str, str]:
    return {"name": name, "type": "long"}


def _bytes(value: bytes) -> bytes:
    return _long(len(value)) + value


def _long(number: int) -> bytes:
    """Avro's long for a number that is not negative: zig-zag, seven bits a byte, lowest first."""
    rest, encoded = number << 1, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*encoded, rest])
