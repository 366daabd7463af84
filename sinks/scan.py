"""A topic read by hand: named partitions, no consumer group, no commits; to the end as it is now, or on and on."""

from collections.abc import Iterator
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, Message, TopicPartition

from schemas.errors import Unavailable
from schemas.kafka_client import reader_config
from schemas.settings import Settings
from sinks.broker import REMEDY, demand_hope, partition_of, partitions_of


def scan(
    settings: Settings, topic: str, *, bot_id: str | None = None, from_end: bool = False, follow: bool = False
) -> Iterator[Message]:
    """Records of `topic`, in order within a partition; with `bot_id` only those under that key.

    Ends at each partition's end, unless `follow`. Raises Unavailable when Kafka or the topic is away.
    """
    consumer = _consumer(settings)
    try:
        count = partitions_of(consumer, topic, settings)
        partitions = range(count) if bot_id is None else [partition_of(bot_id, count)]
        start = OFFSET_END if from_end else OFFSET_BEGINNING
        consumer.assign([TopicPartition(topic, partition, start) for partition in partitions])
        found = _for_ever(consumer) if follow else _to_the_ends(consumer, settings, len(partitions))
        for message in found:
            if bot_id is None or message.key() == bot_id.encode():
                yield message
    finally:
        consumer.close()


def _consumer(settings: Settings) -> Consumer:
    config = reader_config(settings.kafka_bootstrap_servers, f"earshot-scan-{uuid4()}")
    return Consumer(config)


def _for_ever(consumer: Consumer) -> Iterator[Message]:
    while True:
        message = consumer.poll(0.5)
        if message is None:
            continue
        error = message.error()
        if error is None:
            yield message
        else:
            demand_hope(error, "a scan", message.topic())


def _to_the_ends(consumer: Consumer, settings: Settings, partitions: int) -> Iterator[Message]:
    ended: set[int | None] = set()
    while len(ended) < partitions:
        message = consumer.poll(settings.startup_timeout_s)
        if message is None:
            raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers} stopped answering", remedy=REMEDY)
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:
            ended.add(message.partition())
        else:
            demand_hope(error, "a scan", message.topic())
