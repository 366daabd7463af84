"""One bot's records of a topic, from the beginning of the log to its end now, without a consumer group.

Used by what asks questions of the log: verify, transcript, the demo's report.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from schemas.errors import Unavailable
from schemas.kafka_client import consumer_config
from schemas.settings import Settings
from schemas.topics import Topic

REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"


@dataclass(frozen=True)
class Raw:
    """An undecoded record of the bot."""

    offset: int
    appended_at_ms: int
    value: bytes | None


def partition_of(bot_id: str, partitions: int) -> int:
    """Where murmur2 puts the bot's records."""
    hashed: int = murmur2(bot_id.encode())
    return (hashed & 0x7FFFFFFF) % partitions


def read_bot(settings: Settings, topic: Topic, bot_id: str) -> Iterator[Raw]:
    """Records of `bot_id` on `topic`, in order; raises Unavailable when Kafka or the topic is away."""
    consumer = Consumer(
        {**consumer_config(settings.kafka_bootstrap_servers, f"earshot-read-{uuid4()}"), "enable.partition.eof": True}
    )
    try:
        place = _place(consumer, topic, bot_id, settings)
        consumer.assign([TopicPartition(place.topic, place.partition, 0)])
        for message in _to_the_end(consumer, settings):
            if message.key() == bot_id.encode():
                yield Raw(message.offset(), message.timestamp()[1], message.value())
    finally:
        consumer.close()


def _place(consumer: Consumer, topic: Topic, bot_id: str, settings: Settings) -> TopicPartition:
    try:
        found = consumer.list_topics(topic.name, timeout=settings.startup_timeout_s).topics[topic.name]
    except KafkaException as error:
        raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers} does not answer", remedy=REMEDY) from error
    if not found.partitions:
        raise Unavailable(f"topic {topic.name} is not there", remedy="`earshot topics create`")
    return TopicPartition(topic.name, partition_of(bot_id, len(found.partitions)))


def _to_the_end(consumer: Consumer, settings: Settings) -> Iterator[Message]:
    while True:
        message = consumer.poll(settings.startup_timeout_s)
        if message is None:
            raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers} stopped answering", remedy=REMEDY)
        if message.error() is None:
            yield message
        elif message.error().name() == "_PARTITION_EOF":
            return
        else:
            raise Unavailable(f"Kafka refuses: {message.error()}", remedy="see the broker's log")
