"""What the broker says before anything is read: whether it answers, how many partitions a topic has; and how a group is left."""

import time
from collections.abc import Iterable

from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.errors import Unavailable
from schemas.settings import Settings
from schemas.timebase import SystemClock

REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"
HOPELESS = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
    }
)

LEADERLESS = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})
LEADERLESS_S = 0.2
LEAVING_S = 5.0
LOOK_S = 0.1


def partition_of(bot_id: str, partitions: int) -> int:
    """Where murmur2 puts the bot's records."""
    hashed: int = murmur2(bot_id.encode())
    return (hashed & 0x7FFFFFFF) % partitions


def partitions_of(consumer: Consumer, topic: str, settings: Settings) -> int:
    """How many partitions `topic` has; raises Unavailable when Kafka or the topic is away."""
    try:
        found = consumer.list_topics(topic, timeout=settings.startup_timeout_s).topics[topic]
    except KafkaException as error:
        raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers} does not answer", remedy=REMEDY) from error
    if not found.partitions:
        raise Unavailable(
            f"topic {topic} is not on {settings.kafka_bootstrap_servers}", remedy="`earshot topics create`"
        )
    return len(found.partitions)


def end_of(consumer: Consumer, place: TopicPartition, settings: Settings) -> int:
    """The offset the next record of a partition will have.

    While the partition has no leader, which a broker needs a moment to become, it is asked again; raises Unavailable when
    nobody says within the start-up time.
    """
    clock = SystemClock()
    late_ms = clock.monotonic_ms() + settings.startup_timeout_s * 1000
    while True:
        try:
            return int(consumer.get_watermark_offsets(place, settings.startup_timeout_s)[1])
        except KafkaException as error:
            if error.args[0].code() not in LEADERLESS or clock.monotonic_ms() > late_ms:
                raise Unavailable(f"Kafka does not say where {place.topic} ends: {error}", remedy=REMEDY) from error
            time.sleep(LEADERLESS_S)


def leave(consumer: Consumer, *, keeps_its_place: bool = False) -> None:
    """Close a member of a group. What the group has decided is served first: a close that meets it may hang for ever.

    A static member keeps its place for its successor, any other gives its partitions back before it closes. Source:
    librdkafka's issue 4884.
    """
    late_ms = SystemClock().monotonic_ms() + LEAVING_S * 1000
    if not keeps_its_place:
        consumer.unsubscribe()
    consumer.poll(0)
    while not keeps_its_place and consumer.assignment() and SystemClock().monotonic_ms() < late_ms:
        consumer.poll(LOOK_S)
    consumer.close()


def demand_topics(consumer: Consumer, topics: Iterable[str], settings: Settings) -> None:
    """Raise Unavailable unless Kafka answers and every topic is there."""
    for topic in topics:
        partitions_of(consumer, topic, settings)


def demand_hope(error: KafkaError, reader: str, topic: str | None) -> None:
    """Raise Unavailable for what librdkafka reports but no waiting mends; let what it retries by itself pass.

    `topic` is the one the error is about, where it is about one.
    """
    if error.fatal() or error.code() in HOPELESS:
        what = f"{reader} topic {topic}" if topic else reader
        raise Unavailable(f"Kafka refuses {what}: {error}", remedy="see the broker's log, its topics and its ACLs")
