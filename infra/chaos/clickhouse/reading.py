"""What lies on the run's topics, and how far a group has come on them."""

from collections.abc import Iterator
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from infra.chaos.clickhouse.ground import Ground
from infra.chaos.clickhouse.oracle import Lying, Place
from schemas.codec import Codec
from schemas.errors import InvalidRecord
from schemas.kafka_client import consumer_config
from schemas.registry import Registry
from schemas.topics import (
    AUDIO_QUALITY,
    BY_NAME,
    MEETING_PARTICIPANTS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    Topic,
    dlq_of,
)

TABLE_OF = {
    TRANSCRIPT_TURNS.name: "turns",
    TRANSCRIPT_PARTIALS.name: "turn_revisions",
    MEETING_PARTICIPANTS.name: "participant_events",
    AUDIO_QUALITY.name: "quality_windows",
}
READ_S = 30.0


def lying(ground: Ground) -> Iterator[Lying]:
    """Every record of the load, in order within a partition."""
    codec = Codec(Registry(ground.registry_url))
    for name in TABLE_OF:
        yield from _lying(ground, BY_NAME[name], codec)


def letters(ground: Ground) -> set[Place]:
    """Where the dead letters on the dead-letter topics came from."""
    return {
        (name, int(headers["origin_partition"]), int(headers["origin_offset"]))
        for name in TABLE_OF
        for _, _, _, headers in _read(ground, dlq_of(BY_NAME[name]))
    }


def lag(ground: Ground, group: str) -> int:
    """Records that the group has not committed."""
    consumer = Consumer(consumer_config(ground.bootstrap_servers, group))
    try:
        places = [TopicPartition(name, partition) for name in TABLE_OF for partition in range(BY_NAME[name].partitions)]
        behind = 0
        for place in consumer.committed(places, timeout=READ_S):
            low, high = consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), timeout=READ_S)
            behind += high - (place.offset if place.offset >= 0 else low)
        return behind
    finally:
        consumer.close()


def _lying(ground: Ground, topic: Topic, codec: Codec) -> Iterator[Lying]:
    assert topic.record is not None
    for partition, offset, value, _ in _read(ground, topic):
        try:
            record: object | None = codec.decode(topic, value, topic.record)
        except InvalidRecord:
            record = None
        yield Lying(topic.name, partition, offset, record)


def _read(ground: Ground, topic: Topic) -> Iterator[tuple[int, int, bytes | None, dict[str, bytes]]]:
    """Partition, offset, value and headers of every record of the topic."""
    consumer = Consumer(consumer_config(ground.bootstrap_servers, str(uuid4())))
    try:
        for partition in range(topic.partitions):
            place = TopicPartition(topic.name, partition, 0)
            low, high = consumer.get_watermark_offsets(place, timeout=READ_S)
            consumer.assign([place])
            at = low
            while at < high:
                message = consumer.poll(READ_S)
                assert message is not None, f"{topic.name} does not answer"
                if message.error() is None:
                    at = (message.offset() or 0) + 1
                    yield partition, at - 1, message.value(), dict(message.headers() or [])  # type: ignore[arg-type]
    finally:
        consumer.close()
