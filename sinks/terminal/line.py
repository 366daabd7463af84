"""One record as one line of JSON: its place in the log, then the record, or why it cannot be read. Pure."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.events import Record

HEAD_BYTES = 32


def record_line(found: RawRecord, appended_at_ms: int, record: Record) -> str:
    """A record that decoded; its bytes fields are shown by their length."""
    fields = msgspec.to_builtins(record, builtin_types=(bytes,))
    return _json({**_place(found, appended_at_ms), "record": _shown(fields)})


def poison_line(found: RawRecord, appended_at_ms: int, error: InvalidRecord) -> str:
    """A record that will never decode."""
    reason = {"error_class": error.error_class, "error": error.message, "value": _head(found.value)}
    return _json({**_place(found, appended_at_ms), **reason})


def dead_letter_line(found: RawRecord, appended_at_ms: int) -> str:
    """A record of a dead-letter topic: raw bytes, and headers that say where they come from."""
    headers = {name: value.decode("utf-8", "replace") for name, value in found.headers}
    return _json({**_place(found, appended_at_ms), "headers": headers, "value": _head(found.value)})


def _place(found: RawRecord, appended_at_ms: int) -> dict[str, Any]:
    return {
        "topic": found.topic,
        "partition": found.partition,
        "offset": found.offset,
        "timestamp": datetime.fromtimestamp(appended_at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": None if found.key is None else found.key.decode("utf-8", "replace"),
    }


def _head(value: bytes | None) -> dict[str, Any] | None:
    return None if value is None else {"bytes": len(value), "head_hex": value[:HEAD_BYTES].hex()}


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, dict):
        return {key: _shown(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(entry) for entry in value]
    return value


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
