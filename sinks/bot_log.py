"""One bot's records of a topic, from the beginning of the log to its end now, without a consumer group.

Used by what asks questions of the log: verify, transcript, the demo's report.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from schemas.errors import Unavailable
from schemas.kafka_client import consumer_config
from schemas.settings import Settings
from schemas.topics import Topic
from sinks.broker import REMEDY, partitions_of
from sinks.message import appended_at_ms, raw


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


def log_consumer(settings: Settings) -> Consumer:
    """A consumer that is told its partitions, commits nothing and is told where a partition ends."""
    config = consumer_config(settings.kafka_bootstrap_servers, f"earshot-read-{uuid4()}")
    return Consumer({**config, "enable.partition.eof": True})


def read_bot(settings: Settings, topic: Topic, bot_id: str) -> Iterator[Raw]:
    """Records of `bot_id` on `topic`, in order; raises Unavailable when Kafka or the topic is away."""
    consumer = log_consumer(settings)
    try:
        partition = partition_of(bot_id, partitions_of(consumer, topic.name, settings))
        consumer.assign([TopicPartition(topic.name, partition, 0)])
        for message in _to_the_end(consumer, settings):
            if message.key() == bot_id.encode():
                yield Raw(raw(message).offset, appended_at_ms(message), message.value())
    finally:
        consumer.close()


def _to_the_end(consumer: Consumer, settings: Settings) -> Iterator[Message]:
    while True:
        message = consumer.poll(settings.startup_timeout_s)
        if message is None:
            raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers} stopped answering", remedy=REMEDY)
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:
            return
        else:
            raise Unavailable(f"Kafka refuses: {error}", remedy="see the broker's log")
