"""The golden records of schemas/kafka/examples, and the registry they were frozen under.

Run as a module it writes the wire bytes that are missing; it never changes those that are there.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from schemas.codec import Codec
from schemas.errors import InvalidRecord
from schemas.events import Record
from schemas.registry import schema_text
from schemas.topics import RECORD_TOPICS, Topic

EXAMPLES_DIR = Path(__file__).parents[2] / "schemas" / "kafka" / "examples"
FROZEN_ID = 1


@dataclass(frozen=True)
class OneSchema:
    """A registry that knows one writer's schema, under the id of all frozen bytes."""

    text: str

    def register(self, topic: Topic) -> int:
        return FROZEN_ID

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        if schema_id != FROZEN_ID:
            raise InvalidRecord(f"schema id {schema_id} is not known", error_class="unknown_schema")
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@dataclass(frozen=True)
class Golden:
    """One example: a record of `schema` (with its version), as JSON and as frozen bytes."""

    schema: str
    case: str

    @property
    def json_path(self) -> Path:
        return EXAMPLES_DIR / self.schema / f"{self.case}.json"

    @property
    def wire_path(self) -> Path:
        return self.json_path.with_suffix(".bin")

    @property
    def topic(self) -> Topic:
        """A topic that carries this record, in whatever version."""
        name = self.schema.rsplit(".v", 1)[0]
        return next(topic for topic in RECORD_TOPICS if topic.schema.rsplit(".v", 1)[0] == name)

    @property
    def is_current(self) -> bool:
        return self.topic.schema == self.schema

    def record(self) -> Record:
        record_type = self.topic.record
        assert record_type is not None
        return msgspec.json.decode(self.json_path.read_bytes(), type=record_type)

    def codec(self) -> Codec:
        """A codec whose writer had the schema this example was frozen under."""
        return Codec(OneSchema(schema_text(self.schema)))


def goldens() -> list[Golden]:
    return [Golden(path.parent.name, path.stem) for path in sorted(EXAMPLES_DIR.glob("*/*.json"))]


def freeze() -> None:
    for golden in goldens():
        if not golden.wire_path.exists():
            golden.wire_path.write_bytes(golden.codec().encode(golden.topic, golden.record()))


if __name__ == "__main__":
    freeze()
