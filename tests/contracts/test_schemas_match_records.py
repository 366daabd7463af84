"""The .avsc files and the structs are one contract written twice: the same fields, order, types, symbols and defaults."""

import json
import types
import typing
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.registry import schema_text
from schemas.topics import RECORD_TOPICS, Topic

PLAIN = {str: {"string"}, int: {"int", "long"}, float: {"float", "double"}, bool: {"boolean"}, bytes: {"bytes"}}
by_schema = pytest.mark.parametrize(
    "topic", {topic.schema: topic for topic in RECORD_TOPICS}.values(), ids=lambda topic: topic.schema
)


def disagreements(avro: Any, python: Any, where: str, named: dict[str, Any]) -> list[str]:
    """Where the Avro type and the Python annotation do not say the same."""
    if isinstance(avro, str) and avro in named:
        avro = named[avro]
    if isinstance(avro, dict) and "name" in avro:
        named[avro["name"]] = avro
    if typing.get_args(python):
        return generic_disagreements(avro, python, where, named)
    if issubclass(python, StrEnum):
        return [] if avro["symbols"] == [str(symbol) for symbol in python] else [f"{where}: symbols of {python}"]
    if issubclass(python, msgspec.Struct):
        return record_disagreements(avro, python, where, named)
    kind = avro["type"] if isinstance(avro, dict) else avro
    return [] if kind in PLAIN[python] else [f"{where}: {kind} is not {python}"]


def generic_disagreements(avro: Any, python: Any, where: str, named: dict[str, Any]) -> list[str]:
    """The same for optional values, arrays and maps."""
    origin, arguments = typing.get_origin(python), typing.get_args(python)
    if origin is tuple:
        return disagreements(avro["items"], arguments[0], where + "[]", named)
    if origin is dict:
        return disagreements(avro["values"], arguments[1], where + "{}", named)
    assert origin is types.UnionType
    [inner] = [argument for argument in arguments if argument is not types.NoneType]
    if not isinstance(avro, list) or avro[0] != "null":
        return [f"{where}: {python} is not nullable in Avro, or null is not first"]
    return disagreements(avro[1], inner, where, named)


def record_disagreements(avro: Any, python: type[msgspec.Struct], where: str, named: dict[str, Any]) -> list[str]:
    fields = msgspec.structs.fields(python)
    if [field["name"] for field in avro["fields"]] != [field.name for field in fields]:
        return [f"{where}: fields differ in name or order"]
    hints = typing.get_type_hints(python)
    found = []
    for theirs, ours in zip(avro["fields"], fields, strict=True):
        at = f"{where}.{ours.name}"
        found += disagreements(theirs["type"], hints[ours.name], at, named)
        if ("default" in theirs) is ours.required:
            found.append(f"{at}: only one of the two has a default")
        elif not ours.required and theirs["default"] != msgspec.to_builtins(_default(ours)):
            found.append(f"{at}: the defaults differ")
    return found


def _default(field: Any) -> Any:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return list(value) if isinstance(value, tuple) else value


def enums(avro: Any) -> list[Any]:
    """Every enum defined anywhere in a schema."""
    if isinstance(avro, list):
        return [found for entry in avro for found in enums(entry)]
    if not isinstance(avro, dict):
        return []
    here = [avro] if avro.get("type") == "enum" else []
    return here + [found for key, value in avro.items() if key != "symbols" for found in enums(value)]


@by_schema
def test_the_schema_says_what_the_struct_says(topic: Topic):
    """Names, order, types, enum symbols and defaults, down to nested records."""
    assert topic.record is not None
    schema = json.loads(schema_text(topic.schema))
    assert schema["name"] == topic.record.__name__
    assert record_disagreements(schema, topic.record, schema["name"], {}) == []


@by_schema
def test_an_old_reader_has_a_word_for_a_new_symbol(topic: Topic):
    """Every enum has the default `unknown`, its first symbol."""
    found = enums(json.loads(schema_text(topic.schema)))
    assert all(enum["default"] == "unknown" == enum["symbols"][0] for enum in found)


@by_schema
def test_every_field_says_what_it_means(topic: Topic):
    """The schema is the reference: no field without a doc."""
    assert topic.record is not None
    assert all(field.get("doc") for field in json.loads(schema_text(topic.schema))["fields"])


def test_a_schema_that_drifts_is_seen():
    """The checks above can fail: a swapped field, another type, a missing symbol and a lost default are each found."""
    topic = next(topic for topic in RECORD_TOPICS if topic.name == "audio.frames")
    assert topic.record is not None

    def drifted(change) -> list[str]:
        schema = json.loads(schema_text(topic.schema))
        change({field["name"]: field for field in schema["fields"]}, schema)
        return record_disagreements(schema, topic.record, "x", {})

    assert drifted(lambda fields, schema: schema["fields"].reverse())
    assert drifted(lambda fields, schema: fields["units"].update(type="string"))
    assert drifted(lambda fields, schema: fields["kind"]["type"]["symbols"].pop())
    assert drifted(lambda fields, schema: fields["cause"].pop("default"))
    assert drifted(lambda fields, schema: None) == []


def test_every_schema_file_is_in_use():
    """No .avsc lies about that no topic carries, but older versions of one that is carried."""
    used = {topic.schema.rsplit(".v", 1)[0] for topic in RECORD_TOPICS}
    folder = Path(__file__).parents[2] / "schemas" / "kafka"
    assert {path.name.rsplit(".v", 1)[0] for path in folder.glob("*.avsc")} == used
