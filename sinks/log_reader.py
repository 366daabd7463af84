"""The log as every sink reads it: decoded records in order, poison set aside, offsets committed when the sink says so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from schemas.codec import Codec
from schemas.dead_letter import DeadLetter, RawRecord, dead_letter
from schemas.errors import InvalidRecord, RegistryUnavailable, Unavailable
from schemas.events import Record
from schemas.kafka_client import consumer_config, producer_config
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.telemetry import RECORDS_DEAD, RECORDS_READ
from schemas.timebase import SystemClock
from schemas.topics import BY_NAME, Topic

log = structlog.get_logger()
Partition = tuple[str, int]
PartitionsHook = Callable[[list[Partition]], None]


@dataclass(frozen=True)
class LogRecord:
    """One decoded record and its place in the log. `appended_at_ms` is the record's Kafka timestamp."""

    topic: Topic
    partition: int
    offset: int
    appended_at_ms: int
    record: Record

    @property
    def place(self) -> Partition:
        return (self.topic.name, self.partition)


class LogReader:
    """Reads topics as one member of a consumer group. Every call must come from one thread.

    - `poll` returns what it could decode, in order per partition. A poison record is acknowledged by its dead-letter
      topic before `poll` returns, so committing past it loses nothing.
    - While the registry is away nothing is dropped: undecoded records wait here and are tried at the next `poll`.
    - `commit` takes the next offset to read for each partition; nothing else is ever committed.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        group_id: str,
        topics: Iterable[Topic],
        stage: str,
        on_assigned: PartitionsHook | None = None,
        on_revoked: PartitionsHook | None = None,
    ) -> None:
        self._stage = stage
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._clock = SystemClock()
        self._undecoded: list[Message] = []
        self._dead_letters = Producer(producer_config(settings.kafka_bootstrap_servers))
        self._consumer = Consumer(consumer_config(settings.kafka_bootstrap_servers, group_id))
        hooks = {"on_assign": _hook(on_assigned), "on_revoke": _hook(on_revoked, self._forget)}
        self._consumer.subscribe([topic.name for topic in topics], **hooks)

    def poll(self, timeout_s: float, max_records: int = 500) -> list[LogRecord]:
        """Records that are there within `timeout_s`; raises Unavailable when Kafka refuses for good."""
        self._undecoded += self._fetch(timeout_s, max_records) if len(self._undecoded) < max_records else []
        read: list[LogRecord] = []
        while self._undecoded:
            try:
                decoded = self._decode(self._undecoded[0])
            except RegistryUnavailable as error:
                log.warning("registry_away", stage=self._stage, error=error.message)
                break
            self._undecoded.pop(0)
            if decoded:
                read.append(decoded)
        return read

    def commit(self, next_offsets: dict[Partition, int]) -> None:
        """Commit and wait for the broker's word."""
        if not next_offsets:
            return
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in next_offsets.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            log.warning("commit_refused", stage=self._stage, error=str(error))

    def pause(self, partitions: Iterable[Partition]) -> None:
        self._consumer.pause([TopicPartition(*partition) for partition in partitions])

    def resume(self, partitions: Iterable[Partition]) -> None:
        self._consumer.resume([TopicPartition(*partition) for partition in partitions])

    def close(self) -> None:
        self._consumer.close()

    def _fetch(self, timeout_s: float, max_records: int) -> list[Message]:
        """One blocking poll for the first record, then whatever is already here: no waiting for a full batch."""
        found: list[Message] = []
        message = self._consumer.poll(timeout_s)
        while message is not None:
            error = message.error()
            if error is None:
                found.append(message)
            elif error.fatal():
                raise Unavailable(f"Kafka refuses {self._stage}: {error}", remedy="see the broker's log and its ACLs")
            message = self._consumer.poll(0) if len(found) < max_records else None
        return found

    def _decode(self, message: Message) -> LogRecord | None:
        topic = BY_NAME[message.topic()]
        assert topic.record is not None
        RECORDS_READ.labels(self._stage, topic.name).inc()
        try:
            record = self._codec.decode(topic, message.value(), topic.record)
        except InvalidRecord as error:
            self._bury(message, error)
            return None
        return LogRecord(topic, message.partition(), message.offset(), message.timestamp()[1], record)

    def _bury(self, message: Message, error: InvalidRecord) -> None:
        letter = dead_letter(raw(message), stage=self._stage, error=error, failed_at_us=self._clock.now_us())
        RECORDS_DEAD.labels(self._stage, message.topic(), error.error_class).inc()
        log.warning(
            "record_dead",
            stage=self._stage,
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            error_class=error.error_class,
        )
        produce_and_wait(self._dead_letters, letter)

    def _forget(self, partitions: list[Partition]) -> None:
        self._undecoded = [m for m in self._undecoded if (m.topic(), m.partition()) not in partitions]


def raw(message: Message) -> RawRecord:
    headers = tuple((name, value or b"") for name, value in message.headers() or [])
    return RawRecord(message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers)


def produce_and_wait(producer: Producer, letter: DeadLetter) -> None:
    """Put a dead letter on its topic and wait for the broker; raises Unavailable when it does not take it."""
    failures: list[str] = []
    producer.produce(
        letter.topic,
        key=letter.key,
        value=letter.value,
        headers=letter.headers,
        on_delivery=lambda error, _: failures.append(str(error)) if error else None,
    )
    if producer.flush(30) or failures:
        raise Unavailable(f"{letter.topic} does not take a record: {failures}", remedy="`earshot topics create`")


def _hook(*hooks: PartitionsHook | None) -> Callable[[Any, list[TopicPartition]], None]:
    def call(_: Any, partitions: list[TopicPartition]) -> None:
        places = [(partition.topic, partition.partition) for partition in partitions]
        for hook in hooks:
            if hook:
                hook(places)

    return call
