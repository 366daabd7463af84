"""The log as this sink reads it: raw records by partition, and offsets committed together with what is about to be inserted.

Every call must come from one thread: librdkafka calls back, about partitions that come and go, from within `poll`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from schemas.kafka_client import consumer_config
from schemas.message import raw
from schemas.settings import ClickHouseSettings
from sinks.broker import demand_hope, demand_topics, leave
from sinks.clickhouse.delivery.batch import Entry, Place

POLL_BYTES = 8_000_000
ANSWER_S = 5.0
LAG_ANSWER_S = 1.0
log = structlog.get_logger()
PlacesHook = Callable[[list[Place]], None]


class Mark(NamedTuple):
    """What to commit for a partition: the next offset to read, and a word to whoever reads it next."""

    offset: int
    metadata: str = ""


class Intake:
    """One member of the sink's group. Making one raises Unavailable when Kafka is away or a topic is missing.

    - `on_lost` is told of partitions that somebody else may have by now; `on_revoked` while they are still ours.
    - Nothing is ever committed but what `commit` is given.
    """

    def __init__(
        self,
        settings: ClickHouseSettings,
        topics: Iterable[str],
        stage: str,
        *,
        on_assigned: PlacesHook,
        on_revoked: PlacesHook,
        on_lost: PlacesHook,
    ) -> None:
        self._stage = stage
        self._paused: set[Place] = set()
        self._is_static = bool(settings.clickhouse_instance_id)
        config = consumer_config(settings.kafka_bootstrap_servers, settings.clickhouse_consumer_group)
        own = {"partition.assignment.strategy": "cooperative-sticky"}
        static = {"group.instance.id": settings.clickhouse_instance_id} if settings.clickhouse_instance_id else {}
        self._consumer = Consumer({**config, **own, **static})
        names = list(topics)
        demand_topics(self._consumer, names, settings)
        self._consumer.subscribe(
            names, on_assign=_hook(on_assigned), on_revoke=_hook(on_revoked), on_lost=_hook(on_lost)
        )

    def poll(self, timeout_s: float, most: int, take: Callable[[Place, Entry], None]) -> None:
        """Wait for one record, then give `take` what is here already; raises Unavailable when Kafka refuses for good.

        Each record is given at once: the next poll may be the one that revokes its partition and has it forgotten.
        """
        left, left_bytes = most, POLL_BYTES
        message = self._consumer.poll(timeout_s)
        while message is not None:
            error = message.error()
            if error is None:
                left_bytes -= _take(message, take)
                left -= 1
            else:
                demand_hope(error, self._stage, message.topic())
            message = self._consumer.poll(0) if left > 0 and left_bytes > 0 else None

    def left(self, places: Iterable[Place]) -> dict[Place, Mark] | None:
        """What was committed for each partition, offset -1001 for nothing; None when the broker does not say now."""
        asked = [TopicPartition(*place) for place in places]
        try:
            found = self._consumer.committed(asked, timeout=ANSWER_S) if asked else []
        except KafkaException as error:
            log.warning("committed_offsets_not_told", stage=self._stage, error=str(error))
            return None
        if any(place.error for place in found):
            return None
        return {(place.topic, place.partition): Mark(place.offset, place.metadata or "") for place in found}

    def commit(self, marks: Mapping[Place, Mark]) -> set[Place]:
        """Commit, wait for the broker's word, and return the partitions it accepted: no other may be acted upon.

        A member that the group has given up on is refused here, and so is everyone while the group makes up its mind.
        """
        if not marks:
            return set()
        offers = [TopicPartition(*place, mark.offset, mark.metadata) for place, mark in marks.items()]
        try:
            answers = self._consumer.commit(offsets=offers, asynchronous=False) or []
        except KafkaException as error:
            log.warning("commit_refused", stage=self._stage, partitions=len(marks), error=str(error))
            return set()
        refused = [answer for answer in answers if answer.error]
        for answer in refused:
            log.warning("commit_refused", stage=self._stage, topic=answer.topic, error=str(answer.error))
        return marks.keys() - {(answer.topic, answer.partition) for answer in refused}

    def hold(self, places: set[Place]) -> None:
        """Read nothing more of these partitions, and of all others that are ours go on."""
        ours = {(place.topic, place.partition) for place in self._consumer.assignment()}
        start, stop = (self._paused & ours) - places, (places & ours) - self._paused
        self._paused = places & ours
        if stop:
            self._consumer.pause([TopicPartition(*place) for place in stop])
        if start:
            self._consumer.resume([TopicPartition(*place) for place in start])

    def end(self, place: Place) -> int | None:
        """The offset after the partition's last record; None when it is not known. Asks the broker only while held."""
        held = place in self._paused
        try:
            limits = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=LAG_ANSWER_S, cached=not held)
        except KafkaException:
            return None
        return limits[1] if limits else None

    def forget(self, places: Iterable[Place]) -> None:
        """What leaves goes on in the client too: librdkafka would give it back paused, and nobody would know."""
        leaving = set(places)
        self._consumer.resume([TopicPartition(*place) for place in leaving])
        self._paused -= leaving

    def close(self) -> None:
        leave(self._consumer, keeps_its_place=self._is_static)


def _take(message: Message, take: Callable[[Place, Entry], None]) -> int:
    topic, partition, offset, value = message.topic(), message.partition(), message.offset(), message.value()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    take((topic, partition), Entry(offset, value, partial(raw, message)))
    return len(value or b"")


def _hook(hook: PlacesHook) -> Callable[[Consumer, list[TopicPartition]], None]:
    return lambda _, partitions: hook([(partition.topic, partition.partition) for partition in partitions])
