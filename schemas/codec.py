"""Records to bytes and back: Avro in Confluent wire format. The only (de)serialisation of records in the repo.

Wire format: byte 0, schema id (4 bytes, big-endian), Avro body. Timestamps stay integers: logical types are for other
readers, and turning them into datetimes here would cost more than the rest of the decoding.
"""

import io
import json
import struct
from typing import Any, Protocol, TypeVar

import fastavro
import msgspec

from schemas.errors import InvalidRecord
from schemas.events import Record
from schemas.registry import schema_text
from schemas.topics import Topic

MAGIC = 0
HEADER = struct.Struct(">bI")
R = TypeVar("R", bound=Record)


class SchemaSource(Protocol):
    """Where ids come from: the real registry, or a fixed table in tests."""

    def register(self, topic: Topic) -> int:
        """Id under which our schema of `topic` is written."""
        ...

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        """Schema of an id; raises InvalidRecord for an id nobody knows."""
        ...


def without_logical_types(schema: Any) -> Any:
    """The same schema with plain numbers for timestamps; the bytes are the same."""
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [without_logical_types(entry) for entry in schema]
    return schema


def plain_schema(topic: Topic) -> Any:
    """Our schema of `topic`, without logical types."""
    return without_logical_types(json.loads(schema_text(topic.schema)))


class Codec:
    """Encodes and decodes the record of any topic. Not thread-safe; cheap to make."""

    def __init__(self, schemas: SchemaSource) -> None:
        self._schemas = schemas
        self._ours: dict[str, Any] = {}
        self._resolutions: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._ways: dict[str, tuple[bytes, Any]] = {}

    def encode(self, topic: Topic, record: Record) -> bytes:
        """Bytes of `record` for `topic`; raises RegistryUnavailable the first time a topic is used."""
        way = self._ways.get(topic.name)
        if way is None:
            way = self._ways[topic.name] = HEADER.pack(MAGIC, self._schemas.register(topic)), self._reader(topic)
        body = io.BytesIO()
        body.write(way[0])
        fastavro.schemaless_writer(body, way[1], msgspec.to_builtins(record, builtin_types=(bytes,)))
        return body.getvalue()

    def decode(self, topic: Topic, value: bytes | None, record_type: type[R]) -> R:
        """The record in `value`. Raises InvalidRecord for a poison record, RegistryUnavailable to try again later."""
        body = io.BytesIO(value or b"")
        writer, reader = self._resolution(topic, self._schema_id(body.read(HEADER.size)))
        try:
            found = fastavro.schemaless_reader(body, writer, reader)
            record = msgspec.convert(found, record_type)
        except (EOFError, ValueError, IndexError, KeyError, TypeError, fastavro.read.SchemaResolutionError) as error:
            raise InvalidRecord(f"not a record of {topic.name}: {error}", error_class="bad_avro") from error
        if body.read(1):
            raise InvalidRecord(f"bytes after the record of {topic.name}", error_class="bad_avro")
        return record

    def is_ours(self, topic: Topic, header: bytes) -> bool:
        """Whether records of `topic` with this wire header were written with exactly our schema; raises as `decode` does."""
        _, reader = self._resolution(topic, self._schema_id(header))
        return reader is None

    def _schema_id(self, header: bytes) -> int:
        if len(header) < HEADER.size:
            raise InvalidRecord(f"{len(header)} bytes are too short for a wire header", error_class="bad_header")
        magic, schema_id = HEADER.unpack(header)
        if magic != MAGIC:
            raise InvalidRecord(f"magic byte is {magic & 0xFF}, not 0", error_class="bad_magic")
        return int(schema_id)

    def _reader(self, topic: Topic) -> Any:
        if topic.name not in self._ours:
            self._ours[topic.name] = fastavro.parse_schema(plain_schema(topic))
        return self._ours[topic.name]

    def _resolution(self, topic: Topic, schema_id: int) -> tuple[Any, Any]:
        """The writer's schema and ours; None for ours where it is the same one: comparing them costs as much as reading."""
        key = topic.name, schema_id
        if key not in self._resolutions:
            writer = fastavro.parse_schema(without_logical_types(self._schemas.writer_schema(schema_id)))
            ours = self._reader(topic)
            self._resolutions[key] = writer, None if writer == ours else ours
        return self._resolutions[key]
