"""Values of any Avro schema for hypothesis, so that every record type is tried with everything its schema allows."""

import json
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from schemas.events import Record
from schemas.registry import schema_text
from schemas.topics import Topic

PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "string": st.text(max_size=20),
    "bytes": st.binary(max_size=40),
}


def values(avro: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Plain values of `avro`; `named` collects the types a schema refers to by name later on."""
    if isinstance(avro, list):
        return st.one_of([values(branch, named) for branch in avro])
    if isinstance(avro, str):
        return values(named[avro], named) if avro in named else PRIMITIVES[avro]
    named |= {avro["name"]: avro} if "name" in avro else {}
    if avro["type"] == "record":
        return st.fixed_dictionaries({field["name"]: values(field["type"], named) for field in avro["fields"]})
    if avro["type"] == "array":
        return st.lists(values(avro["items"], named), max_size=3)
    if avro["type"] == "map":
        return st.dictionaries(st.text(max_size=8), values(avro["values"], named), max_size=3)
    return st.sampled_from(avro["symbols"]) if avro["type"] == "enum" else PRIMITIVES[avro["type"]]


@cache
def records_of(topic: Topic) -> st.SearchStrategy[Record]:
    """Records of `topic`."""
    record_type = topic.record
    assert record_type is not None
    plain = values(json.loads(schema_text(topic.schema)), {})
    return plain.map(lambda value: msgspec.convert(value, record_type))
