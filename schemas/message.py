"""A record as librdkafka hands it over, turned into our own types; the broker always fills what its stubs call optional."""

from typing import cast

from confluent_kafka import Message

from schemas.dead_letter import RawRecord

HeaderPairs = list[tuple[str, bytes | None]]


def raw(message: Message) -> RawRecord:
    """The record in `message`, which must not be an error event."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    pairs = cast(HeaderPairs, message.headers() or [])
    headers = tuple((name, value or b"") for name, value in pairs)
    return RawRecord(topic, partition, offset, message.key(), message.value(), headers)


def appended_at_ms(message: Message) -> int:
    """The record's Kafka timestamp: the broker's on topics with broker timestamps, else the producer's."""
    return message.timestamp()[1]
