"""How one field of a record becomes one value of a column: checked against the column's type before any batch is made.

ClickHouse refuses a whole block for one value it cannot hold, and its client fails half-way with errors that name no
field. So every value is checked here, alone, and a record that does not fit is the only one that suffers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.errors import InvalidRecord
from schemas.events import Record

Encoder = Callable[[str, Any], object]
"""The value a column takes for a field's value; raises InvalidRecord that names the field."""
LAST_MOMENT_US = (2**32 - 1) * 1_000_000
LARGEST_FLOAT32 = float.fromhex("0x1.fffffep+127")


@dataclass(frozen=True)
class Column:
    """A column and how its value is read from a record; `read` raises InvalidRecord that names the field.

    A column that is one field (`source`), or one inner field (`entry`) of a field that is a list, says so: such columns can
    be read for many records at once.
    """

    name: str
    read: Callable[[Any], object]
    encode: Encoder | None = None
    source: str = ""
    entry: str = ""


def column(name: str, encode: Encoder, field: str = "") -> Column:
    """A column filled from the field of the same name, or from `field`."""
    source = field or name
    return Column(name, lambda record: encode(source, getattr(record, source)), encode, source)


def nested(name: str, encoders: tuple[tuple[str, Encoder], ...]) -> tuple[Column, ...]:
    """The columns of a Nested: for each inner field the list of its values, one for each entry of record.`name`."""
    return tuple(_inner(name, inner, encode) for inner, encode in encoders)


def _inner(name: str, inner: str, encode: Encoder) -> Column:
    label = f"{name}.{inner}"

    def read(record: Record) -> object:
        return [encode(label, getattr(entry, inner)) for entry in getattr(record, name)]

    return Column(label, read, encode, name, inner)


def bad(field: str, why: str) -> InvalidRecord:
    """The value itself stays out of the message: it may be speech or a name."""
    return InvalidRecord(f"{field} {why}", error_class="bad_value")


def text(field: str, value: Any) -> str:
    """String: null is empty; a lone surrogate has no UTF-8."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(field, "is not text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise bad(field, "holds half of a surrogate pair") from error
    return value


def key(field: str, value: Any) -> str:
    """String that is part of an identity, so it may not be empty."""
    if not value:
        raise bad(field, "is empty")
    return text(field, value)


def flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad(field, "is neither true nor false")
    return value


@dataclass(frozen=True)
class Whole:
    """An integer column of that range."""

    lowest: int
    highest: int

    def __call__(self, field: str, value: Any) -> int:
        if not isinstance(value, int) or not self.lowest <= value <= self.highest:
            raise bad(field, f"is not a whole number from {self.lowest} to {self.highest}")
        return value


uint16 = Whole(0, 2**16 - 1)
uint32 = Whole(0, 2**32 - 1)
uint64 = Whole(0, 2**64 - 1)
int32 = Whole(-(2**31), 2**31 - 1)
int64 = Whole(-(2**63), 2**63 - 1)
clock = Whole(0, LAST_MOMENT_US)


def moment(field: str, value: Any) -> object:
    """DateTime64(6): microseconds since 1970, which is what the column stores; TTLs need it to end before 2106."""
    return clock(field, value)


def real(field: str, value: Any) -> float:
    """Float32: no NaN and no infinity, which poison every average they meet."""
    if not isinstance(value, float | int) or not abs(value) <= LARGEST_FLOAT32:
        raise bad(field, "is not a finite number")
    return float(value)


@dataclass(frozen=True)
class Optional:
    """The Nullable of a column: null is null."""

    encode: Encoder

    def __call__(self, field: str, value: Any) -> object:
        return None if value is None else self.encode(field, value)


def optional(encode: Encoder) -> Encoder:
    """What takes null as null, and everything else as `encode` does."""
    return Optional(encode)


def texts(field: str, value: Any) -> list[str]:
    """Array(String)."""
    return [text(field, entry) for entry in value]


def counts(field: str, value: Any) -> dict[str, object]:
    """Map(String, UInt64)."""
    return {text(field, name): uint64(field, number) for name, number in value.items()}


def attributes(field: str, value: Any) -> dict[str, str]:
    """Map(String, String)."""
    return {text(field, name): text(field, entry) for name, entry in value.items()}
