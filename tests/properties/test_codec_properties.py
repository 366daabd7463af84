"""The codec round-trips everything, and answers every damage with InvalidRecord and nothing else."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.errors import InvalidRecord
from schemas.events import Record
from schemas.registry import schema_text
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, RECORD_TOPICS, TRANSCRIPT_TURNS, Topic
from tests.contracts.golden import FROZEN_ID, OneSchema, goldens
from tests.fakes.record_values import records_of

topics = st.sampled_from([topic for topic in RECORD_TOPICS if topic is not TRANSCRIPT_TURNS])
topics_and_records = topics.flatmap(lambda topic: st.tuples(st.just(topic), records_of(topic)))
unhurried = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
WIRES = [(golden.topic, golden.wire_path.read_bytes()) for golden in goldens() if golden.is_current]


def codec_of(topic: Topic) -> Codec:
    return Codec(OneSchema(schema_text(topic.schema)))


def decoded(topic: Topic, wire: bytes | None) -> Record:
    assert topic.record is not None
    return codec_of(topic).decode(topic, wire, topic.record)


def outcome(topic: Topic, wire: bytes) -> str:
    """How decoding ends; any exception but InvalidRecord is the test's failure."""
    try:
        decoded(topic, wire)
    except InvalidRecord as error:
        return error.error_class
    return "decoded"


@unhurried
@given(topics_and_records)
def test_every_record_comes_back_as_it_was(found: tuple[Topic, Record]):
    """Encode, decode: the same record, for every value a schema allows."""
    topic, record = found
    assert decoded(topic, codec_of(topic).encode(topic, record)) == record


@unhurried
@given(topics_and_records, st.data())
def test_a_truncated_record_is_invalid(found: tuple[Topic, Record], data: st.DataObject):
    """Wherever the bytes stop short, the record is poison."""
    topic, record = found
    wire = codec_of(topic).encode(topic, record)
    assert outcome(topic, wire[: data.draw(st.integers(0, len(wire) - 1))]) in ("bad_header", "bad_avro")


@unhurried
@given(topics_and_records, st.binary(min_size=1, max_size=30))
def test_bytes_after_a_record_are_invalid(found: tuple[Topic, Record], tail: bytes):
    """Two records glued together, or a foreign suffix, are not one record."""
    topic, record = found
    assert outcome(topic, codec_of(topic).encode(topic, record) + tail) == "bad_avro"


@unhurried
@given(topics_and_records, st.integers(1, 255))
def test_another_magic_byte_is_invalid(found: tuple[Topic, Record], magic: int):
    """Byte 0 says that this is Confluent's wire format; anything else is not ours to read."""
    topic, record = found
    wire = codec_of(topic).encode(topic, record)
    assert outcome(topic, bytes([magic]) + wire[1:]) == "bad_magic"


@given(st.sampled_from(WIRES), st.integers(0, 2**32 - 1).filter(lambda n: n != FROZEN_ID))
def test_an_unknown_schema_id_is_invalid(found: tuple[Topic, bytes], schema_id: int):
    """An id the registry has never given out will not be readable later either."""
    topic, wire = found
    assert outcome(topic, struct.pack(">bI", 0, schema_id) + wire[5:]) == "unknown_schema"


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(WIRES), st.data())
def test_damaged_bytes_never_raise_anything_else(found: tuple[Topic, bytes], data: st.DataObject):
    """Flipped, cut, doubled or inserted bytes: a record or InvalidRecord, never another exception."""
    topic, wire = found
    at = data.draw(st.integers(5, len(wire) - 1))
    patch = data.draw(st.binary(min_size=0, max_size=12))
    skip = data.draw(st.integers(0, 12))
    outcome(topic, wire[:at] + patch + wire[at + skip :])


@settings(max_examples=1500, deadline=None)
@given(topics, st.binary(max_size=300))
def test_random_bytes_never_raise_anything_else(topic: Topic, body: bytes):
    """Whatever follows a good header."""
    outcome(topic, struct.pack(">bI", 0, FROZEN_ID) + body)


@pytest.mark.parametrize("length", [0x7F, 0xFF, 2**31, 2**40, 2**62, 2**63 - 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_an_absurd_length_is_invalid(length: int, sign: int):
    """A string that claims to be longer than the record, than memory, or than nothing, is poison and allocates nothing."""
    number = (length << 1) if sign > 0 else (length << 1) - 1
    varint = bytearray()
    while number > 0x7F:
        varint.append((number & 0x7F) | 0x80)
        number >>= 7
    varint.append(number)
    assert outcome(AUDIO_FRAMES, struct.pack(">bI", 0, FROZEN_ID) + bytes(varint) + b"x" * 50) == "bad_avro"


def test_no_value_at_all_is_invalid():
    """A tombstone on a topic of records is poison."""
    with pytest.raises(InvalidRecord, match="0 bytes are too short"):
        decoded(BOT_EVENTS, None)


def test_the_wire_is_confluent_s():
    """Byte 0, the id in four bytes big-endian, then the Avro body."""
    assert all(wire[:5] == b"\x00\x00\x00\x00\x01" for _, wire in WIRES)
