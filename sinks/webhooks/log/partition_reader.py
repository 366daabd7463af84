"""One partition of a topic, read from a place to its end as it is now: how a process learns what the last one left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable, UsageError
from schemas.events import Record
from schemas.kafka_client import reader_config
from schemas.message import raw
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.topics import Topic
from sinks.broker import REMEDY, demand_hope, end_of, partitions_of
from sinks.log_reader import DeadHook

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Committed:
    """A group's place on a partition; `offset` is negative where nothing was ever committed."""

    offset: int
    note: str


@dataclass(frozen=True)
class Line(Generic[R]):
    """One record and where it lies; `record` is None for a tombstone."""

    offset: int
    key: str
    record: R | None


class PartitionReader:
    """Reads with a group's committed offsets, without being a member. Every call blocks, and all come from one thread.

    A poison line goes to `bury` and is left out; RegistryUnavailable and Unavailable are raised.
    """

    def __init__(self, settings: WebhookSettings, group_id: str, bury: DeadHook) -> None:
        self._settings = settings
        self._bury = bury
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._consumer = Consumer(reader_config(settings.kafka_bootstrap_servers, group_id))

    def close(self) -> None:
        self._consumer.close()

    def demand_likeness(self, topics: Sequence[Topic]) -> None:
        """A bot has the same partition number on every topic, or what belongs together is not found together."""
        counts = {topic.name: partitions_of(self._consumer, topic.name, self._settings) for topic in topics}
        if len(set(counts.values())) > 1:
            raise UsageError(f"topics differ in partitions: {counts}", remedy="give them all the same number")

    def committed(self, topics: Sequence[Topic], partition: int) -> Mapping[str, Committed]:
        places = [TopicPartition(topic.name, partition) for topic in topics]
        try:
            found = self._consumer.committed(places, timeout=self._settings.startup_timeout_s)
        except KafkaException as error:
            raise _away(error) from error
        return {place.topic: Committed(place.offset, place.metadata or "") for place in found}

    def end(self, topic: Topic, partition: int) -> int:
        place = TopicPartition(topic.name, partition)
        return end_of(self._consumer, place, self._settings)

    def offset_at(self, topic: Topic, partition: int, since_us: int) -> int | None:
        """Of the first record written at `since_us` or later; None when there is none yet."""
        asked = [TopicPartition(topic.name, partition, since_us // 1000)]
        try:
            [place] = self._consumer.offsets_for_times(asked, timeout=self._settings.startup_timeout_s)
        except KafkaException as error:
            raise _away(error) from error
        return int(place.offset) if place.offset >= 0 else None

    def lines(self, topic: Topic, record_type: type[R], partition: int, start: int) -> Iterator[Line[R]]:
        """From `start`, or from the beginning where it is negative."""
        first = start if start >= 0 else OFFSET_BEGINNING
        self._consumer.assign([TopicPartition(topic.name, partition, first)])
        for message in self._to_the_end():
            key = (message.key() or b"").decode("utf-8", "replace")
            if message.value() is None and topic.compaction:
                yield Line(message.offset() or 0, key, None)
                continue
            found = raw(message)
            try:
                yield Line(found.offset, key, self._codec.decode(topic, found.value, record_type))
            except InvalidRecord as error:
                self._bury(found, error)

    def _to_the_end(self) -> Iterator[Message]:
        while True:
            message = self._consumer.poll(self._settings.startup_timeout_s)
            if message is None:
                raise Unavailable("Kafka stopped answering", remedy=REMEDY)
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                self._consumer.unassign()
                return
            else:
                demand_hope(error, "sink webhooks", message.topic())


def _away(error: Exception) -> Unavailable:
    return Unavailable(f"Kafka does not answer: {error}", remedy=REMEDY)
