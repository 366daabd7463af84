"""The JSON schemas as files, written from `payloads.py`: `python -m schemas.webhooks.documents`."""

import json
from pathlib import Path
from typing import Any

import msgspec

from schemas.webhooks.payloads import EVENTS, Envelope

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(event_type: str) -> dict[str, Any]:
    """JSON schema of the whole body of `event_type`. Unknown fields are allowed: a newer writer may add some."""
    generated = msgspec.json.schema(EVENTS[event_type])
    definitions = generated["$defs"]
    envelope = definitions.pop(generated["$ref"].removeprefix("#/$defs/"))
    envelope["properties"]["type"] = {"const": event_type}
    return {"$schema": DIALECT, **envelope, "title": event_type, "$defs": definitions}


def schema_file(event_type: str) -> Path:
    return FOLDER / f"{event_type}.v1.schema.json"


def example_file(event_type: str) -> Path:
    return FOLDER / "examples" / f"{event_type}.v1.json"


def schema_document(event_type: str) -> str:
    """The file's text."""
    return json.dumps(schema_of(event_type), indent=2, ensure_ascii=False) + "\n"


def read_body(body: bytes) -> Envelope[Any]:
    """A body checked against its type's definition; raises msgspec.ValidationError with the path of the fault."""
    event_type = msgspec.json.decode(body, type=_Typed).type
    if event_type not in EVENTS:
        raise msgspec.ValidationError(f"`{event_type}` is no event type - at `$.type`")
    envelope: Envelope[Any] = msgspec.json.decode(body, type=EVENTS[event_type])
    return envelope


class _Typed(msgspec.Struct):
    """Just enough of a body to tell what it is."""

    type: str


if __name__ == "__main__":
    for name in EVENTS:
        schema_file(name).write_text(schema_document(name), "utf-8")
