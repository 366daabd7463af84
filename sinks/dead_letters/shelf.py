"""One dead-letter topic, read from its beginning to its end now. Nothing is committed: the topic itself says what waits."""

from collections.abc import Iterator

from confluent_kafka import Consumer, Message, TopicPartition

from schemas.errors import Unavailable, UsageError
from schemas.kafka_client import consumer_config
from schemas.message import appended_at_ms, raw
from schemas.settings import Settings
from schemas.topics import BY_NAME, DLQ_SUFFIX, RECORD_TOPICS, Topic, dlq_of
from sinks.broker import REMEDY
from sinks.dead_letters.letters import Letter, letter_of
from sinks.scan import scan


def origin_topic(name: str) -> Topic:
    """The record topic of a name, which may be its dead-letter topic's; raises UsageError for a name that is none."""
    topic = BY_NAME.get(name.removesuffix(DLQ_SUFFIX))
    if topic is None or topic.record is None:
        known = ", ".join(topic.name for topic in RECORD_TOPICS)
        raise UsageError(f"no topic is called {name}", remedy=f"one of {known}")
    return topic


def letters(settings: Settings, topic: Topic) -> Iterator[tuple[Message, Letter | None]]:
    """Every record on the dead-letter topic of `topic`, and the letter it is, if its headers say so."""
    for message in scan(settings, dlq_of(topic).name):
        yield message, letter_of(raw(message), appended_at_ms(message))


def waiting(settings: Settings) -> dict[Topic, int]:
    """How many records lie on each dead-letter topic."""
    consumer = Consumer(consumer_config(settings.kafka_bootstrap_servers, "earshot-dlq-list"))
    try:
        return {topic: _count(consumer, dlq_of(topic), settings) for topic in RECORD_TOPICS}
    finally:
        consumer.close()


def _count(consumer: Consumer, topic: Topic, settings: Settings) -> int:
    count = 0
    for partition in range(topic.partitions):
        limits = consumer.get_watermark_offsets(
            TopicPartition(topic.name, partition), timeout=settings.startup_timeout_s
        )
        if limits is None:
            raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers} does not answer", remedy=REMEDY)
        count += limits[1] - limits[0]
    return count
