"""What BACKWARD_TRANSITIVE is for: readers and writers of different ages understand each other."""

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import msgspec
import pytest

from schemas.codec import Codec
from schemas.errors import InvalidRecord
from schemas.events import AudioChunk
from schemas.registry import schema_text
from schemas.topics import AUDIO_FRAMES
from schemas.vocabulary import ChunkKind, GapCause
from tests.contracts.golden import FROZEN_ID, OneSchema, goldens

Change = Callable[[dict[str, Any], dict[str, Any]], None]
EXAMPLE = next(golden for golden in goldens() if golden.case == "gap-of-a-stream-nobody-is-known-for")


def written_by(change: Change, **values: Any) -> tuple[Codec, bytes]:
    """A record as a writer with a changed schema would put it on the wire, and a codec whose registry has that schema."""
    schema = json.loads(schema_text("audio_chunk.v1"))
    change(schema, {field["name"]: field for field in schema["fields"]})
    record = msgspec.to_builtins(EXAMPLE.record(), builtin_types=(bytes,)) | values
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), record)
    return Codec(OneSchema(json.dumps(schema))), b"\x00" + FROZEN_ID.to_bytes(4, "big") + body.getvalue()


def read(found: tuple[Codec, bytes]) -> AudioChunk:
    codec, wire = found
    return codec.decode(AUDIO_FRAMES, wire, AudioChunk)


def test_a_new_enum_symbol_is_unknown_to_an_old_reader():
    """Not an error: the reader sees `unknown` and every other field as written."""

    def change(schema: dict[str, Any], fields: dict[str, Any]) -> None:
        fields["kind"]["type"]["symbols"].append("music")

    record = read(written_by(change, kind="music"))
    assert record == msgspec.structs.replace(EXAMPLE.record(), kind=ChunkKind.UNKNOWN)


def test_a_new_symbol_inside_a_union_is_unknown_too():
    """The same where the value may be null."""

    def change(schema: dict[str, Any], fields: dict[str, Any]) -> None:
        fields["cause"]["type"][1]["symbols"].append("solar_flare")

    assert read(written_by(change, cause="solar_flare")).cause is GapCause.UNKNOWN


def test_a_new_field_is_passed_over_by_an_old_reader():
    """Wherever it stands among the fields."""

    def change(schema: dict[str, Any], fields: dict[str, Any]) -> None:
        schema["fields"].insert(3, {"name": "mood", "type": "string", "default": "calm"})

    assert read(written_by(change, mood="stormy")) == EXAMPLE.record()


def test_an_older_writer_without_a_defaulted_field_is_readable():
    """The reader fills in the default."""

    def change(schema: dict[str, Any], fields: dict[str, Any]) -> None:
        schema["fields"].remove(fields["participant_id"])
        schema["fields"].remove(fields["level_dbfs"])

    record = read(written_by(change))
    assert record.participant_id is None
    assert record.level_dbfs is None


def test_a_writer_without_a_needed_field_is_poison():
    """The rule bites: a field without a default cannot be left out, whatever the registry let through."""

    def change(schema: dict[str, Any], fields: dict[str, Any]) -> None:
        schema["fields"].remove(fields["seq"])

    with pytest.raises(InvalidRecord):
        read(written_by(change))
