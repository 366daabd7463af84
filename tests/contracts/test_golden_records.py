"""Every record version ever published decodes, to the same values, for ever."""

from collections import Counter

import msgspec
import pytest

from schemas.errors import InvalidRecord
from schemas.topics import RECORD_TOPICS
from tests.contracts.golden import Golden, goldens

GOLDENS = goldens()
named = pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: f"{golden.schema}-{golden.case}")


@named
def test_frozen_bytes_decode_to_the_example(golden: Golden):
    """Today's reader reads yesterday's bytes and finds what the JSON says."""
    record = golden.codec().decode(golden.topic, golden.wire_path.read_bytes(), type(golden.record()))
    assert record == golden.record()


@named
def test_the_current_writer_writes_the_frozen_bytes(golden: Golden):
    """For the current version the bytes on the wire are those that were frozen."""
    if golden.is_current:
        assert golden.codec().encode(golden.topic, golden.record()) == golden.wire_path.read_bytes()


@named
def test_the_json_has_no_field_the_record_lacks(golden: Golden):
    """An example spells every field its version has, and no other; later versions append theirs."""
    spelled = list(msgspec.json.decode(golden.json_path.read_bytes()))
    fields = list(msgspec.to_builtins(golden.record()))
    assert spelled == (fields if golden.is_current else fields[: len(spelled)])


@named
def test_a_changed_byte_is_not_the_example(golden: Golden):
    """The check above can fail: a frozen record with its last byte changed is another record, or none."""
    wire = golden.wire_path.read_bytes()
    try:
        record = golden.codec().decode(golden.topic, wire[:-1] + bytes([wire[-1] ^ 2]), type(golden.record()))
    except InvalidRecord:
        return
    assert record != golden.record()


def test_every_record_has_examples():
    """Each schema in use has at least two."""
    counted = Counter(golden.schema for golden in GOLDENS)
    assert {topic.schema for topic in RECORD_TOPICS} <= {schema for schema, count in counted.items() if count >= 2}


def test_every_example_is_frozen():
    """No JSON without its wire bytes, no wire bytes without their JSON."""
    folder = GOLDENS[0].json_path.parents[1]
    assert {path.with_suffix("") for path in folder.glob("*/*.bin")} == {g.json_path.with_suffix("") for g in GOLDENS}
