"""Puts dead letters back: the same bytes, to the same partition of the topic they came from, and off the dead-letter topic.

Nothing has to be remembered between two runs. A record that is put back says in a header which one it is again; a run
first looks which of the waiting letters are there already, puts back the others, and only when the broker has them all
does it delete the letters. So a run that is killed is simply run again, and two runs do what one does. One at a time: the
group of the same name is the lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import structlog
from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient

from schemas.errors import Unavailable
from schemas.kafka_client import consumer_config, producer_config
from schemas.message import raw
from schemas.settings import Settings
from schemas.topics import Topic, dlq_of
from sinks.broker import REMEDY, leave
from sinks.dead_letters.letters import Letter, put_back_already, to_put_back
from sinks.dead_letters.shelf import letters

GROUP = "earshot-dlq-redrive"
LOCK_WAIT_S = 30.0  # a run that was killed keeps the lock until its session ends
SESSION_MS = 6_000
WORK_MS = 3_600_000
ANSWER_S = 30.0
CLOCKS_APART_MS = 3_600_000  # between the host that wrote a letter and the one that put it back
log = structlog.get_logger()


@dataclass(frozen=True)
class Redriven:
    """What a run did: letters put back, passed over because they are there again, and left because they say no origin."""

    put_back: int
    there_again: int
    left: int


def redrive(settings: Settings, topic: Topic) -> Redriven:
    """Put back what waits on the dead-letter topic of `topic` now; raises Unavailable when Kafka or another run is in the way."""
    lock = _locked(settings, topic)
    try:
        return _redrive(settings, topic)
    except KafkaException as error:
        raise Unavailable(f"Kafka at {settings.kafka_bootstrap_servers}: {error}", remedy=REMEDY) from error
    finally:
        leave(lock)


def _redrive(settings: Settings, topic: Topic) -> Redriven:
    found = [(message.offset() or 0, letter) for message, letter in letters(settings, topic)]
    known = [letter for _, letter in found if letter]
    wanted = to_put_back(known, _there_again(settings, known))
    _put_back(settings, wanted)
    strange = [offset for offset, letter in found if letter is None]
    if found:
        _delete(settings, topic, min(strange, default=found[-1][0] + 1))
    log.info("redriven", topic=topic.name, put_back=len(wanted), left=len(strange))
    return Redriven(len(wanted), len(known) - len(wanted), len(strange))


def _locked(settings: Settings, topic: Topic) -> Consumer:
    """A member of the group that has the dead-letter topic to itself."""
    config = consumer_config(settings.kafka_bootstrap_servers, GROUP)
    consumer = Consumer({**config, "session.timeout.ms": SESSION_MS, "max.poll.interval.ms": WORK_MS})
    consumer.subscribe([dlq_of(topic).name], on_assign=_from_the_end)
    for _ in range(int(LOCK_WAIT_S * 10)):
        consumer.poll(0.1)
        if consumer.assignment():
            return consumer
    leave(consumer)
    raise Unavailable(
        f"another redrive of {topic.name} is at work, or Kafka is away", remedy="try again when it has ended"
    )


def _from_the_end(consumer: Consumer, partitions: list[TopicPartition]) -> None:
    """The lock reads nothing."""
    for partition in partitions:
        partition.offset = OFFSET_END
    consumer.assign(partitions)
    consumer.pause(partitions)


def _there_again(settings: Settings, waiting: Iterable[Letter]) -> set[str]:
    """Origins that are on their topics again: read from a while before the oldest letter that waits."""
    oldest_ms: dict[tuple[str, int], int] = {}
    for letter in waiting:
        place = (letter.origin.topic, letter.origin.partition)
        oldest_ms[place] = min(letter.appended_at_ms, oldest_ms.get(place, letter.appended_at_ms))
    consumer = Consumer(consumer_config(settings.kafka_bootstrap_servers, GROUP))
    try:
        return set(chain.from_iterable(_origins_since(consumer, place, ms) for place, ms in oldest_ms.items()))
    finally:
        consumer.close()


def _origins_since(consumer: Consumer, place: tuple[str, int], since_ms: int) -> Iterable[str]:
    asked = TopicPartition(*place, max(0, since_ms - CLOCKS_APART_MS))
    [begin] = consumer.offsets_for_times([asked], timeout=ANSWER_S)
    limits = consumer.get_watermark_offsets(TopicPartition(*place), timeout=ANSWER_S)
    if limits is None:
        raise Unavailable(f"Kafka does not say where {place[0]} ends", remedy=REMEDY)
    if begin.offset < 0 or begin.offset >= limits[1]:
        return
    consumer.assign([begin])
    at = begin.offset
    while at < limits[1]:
        message = consumer.poll(ANSWER_S)
        if message is None or message.error():
            raise Unavailable(f"{place[0]} cannot be read to its end", remedy=REMEDY)
        record = raw(message)
        at = record.offset + 1
        origin = put_back_already(record.headers)
        if origin:
            yield origin


def _put_back(settings: Settings, wanted: Iterable[Letter]) -> None:
    """Return once the broker has them all."""
    producer = KafkaProducer(producer_config(settings.kafka_bootstrap_servers))
    failures: list[str] = []
    for letter in wanted:
        headers: list[tuple[str, str | bytes | None]] = [*letter.put_back_headers()]
        producer.produce(
            letter.origin.topic,
            key=letter.record.key,
            value=letter.record.value,
            partition=letter.origin.partition,
            headers=headers,
            on_delivery=lambda error, _: failures.append(str(error)) if error else None,
        )
        producer.poll(0)
    if producer.flush(ANSWER_S) or failures:
        raise Unavailable(f"not all letters are back: {failures[:1]}", remedy="run it again: none is put back twice")


def _delete(settings: Settings, topic: Topic, end: int) -> None:
    """Take the letters before offset `end` off the topic."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for answer in admin.delete_records([TopicPartition(dlq_of(topic).name, 0, end)]).values():
        answer.result(ANSWER_S)
