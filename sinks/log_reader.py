"""The log as every sink reads it: decoded records in order, poison set aside, offsets committed when the sink says so."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord, RegistryUnavailable, Unavailable
from schemas.events import Record
from schemas.kafka_client import consumer_config
from schemas.message import appended_at_ms, raw
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.telemetry import RECORDS_READ
from schemas.topics import BY_NAME, Topic
from sinks.broker import demand_hope, demand_topics, leave
from sinks.dead_letter_writer import DeadLetterWriter

log = structlog.get_logger()
Partition = tuple[str, int]
PartitionsHook = Callable[[list[Partition]], None]
DeadHook = Callable[[RawRecord, InvalidRecord], None]
NO_NOTES: Mapping[Partition, str] = {}


class LogRecord(msgspec.Struct, frozen=True):
    """One decoded record and its place in the log. `appended_at_ms` is the record's Kafka timestamp."""

    topic: Topic
    partition: int
    offset: int
    appended_at_ms: int
    record: Record
    raw: RawRecord

    @property
    def place(self) -> Partition:
        return (self.topic.name, self.partition)


class LogReader:
    """Reads topics as one member of a consumer group. Every call must come from one thread.

    - Making one raises Unavailable when Kafka or the registry does not answer, or a topic is missing.
    - `poll` returns what it could decode, in order per partition. A poison record is acknowledged by its dead-letter
      topic before `poll` returns, so committing past it loses nothing. `bury` does the same for a record that decodes
      but that the sink can make nothing of; `on_dead` hears of both, once they are acknowledged.
    - While the registry is away nothing is dropped: undecoded records wait here and are tried at the next `poll`,
      nothing more is fetched, and `poll` must go on being called to stay in the group.
    - `commit` takes the next offset to read for each partition; nothing else is ever committed.
    - `pause` and `resume` stop and start fetching from partitions; a revoked partition forgets that it was paused.
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
        on_dead: DeadHook | None = None,
    ) -> None:
        self._stage = stage
        self._on_dead = on_dead
        registry = Registry(settings.schema_registry_url)
        registry.demand_answer()
        self._codec = Codec(registry)
        self._read = {topic.name: RECORDS_READ.labels(stage, topic.name) for topic in topics}
        self._undecoded: deque[Message] = deque()
        self._paused: set[Partition] = set()
        self._holding = False
        self._closed = False
        self._dead_letters = DeadLetterWriter(settings.kafka_bootstrap_servers, stage)
        self._consumer = Consumer(consumer_config(settings.kafka_bootstrap_servers, group_id))
        demand_topics(self._consumer, self._read, settings)
        assigned, revoked = _hook(on_assigned), _hook(on_revoked, self._forget)
        self._consumer.subscribe(list(self._read), on_assign=assigned, on_revoke=revoked, on_lost=revoked)

    def poll(self, timeout_s: float, max_records: int = 500) -> list[LogRecord]:
        """Records that are there within `timeout_s`; raises Unavailable when Kafka refuses for good."""
        if self._undecoded:
            self._hold()
        self._fetch(timeout_s, max_records)
        read = self._decode_waiting()
        if self._holding and not self._undecoded:
            self._release()
        return read

    def commit(self, next_offsets: Mapping[Partition, int], notes: Mapping[Partition, str] = NO_NOTES) -> bool:
        """Commit and wait for the broker's word: False, and logged, when it is away or the partition is another's.

        `notes` go along as the commits' metadata.
        """
        if not next_offsets:
            return True
        offsets = [
            TopicPartition(topic, partition, offset, notes.get((topic, partition), ""))
            for (topic, partition), offset in next_offsets.items()
        ]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            log.warning("commit_refused", stage=self._stage, error=str(error))
            return False
        return True

    def bury(self, record: RawRecord, error: InvalidRecord) -> None:
        """Put `record` on its dead-letter topic and count it; raises Unavailable when that topic does not take it."""
        self._dead_letters.bury([(record, error)])
        if self._on_dead:
            self._on_dead(record, error)

    def pause(self, partitions: Iterable[Partition]) -> None:
        places = set(partitions)
        self._paused |= places
        self._consumer.pause([TopicPartition(*place) for place in places])

    def resume(self, partitions: Iterable[Partition]) -> None:
        places = set(partitions)
        self._paused -= places
        if not self._holding:
            self._consumer.resume([TopicPartition(*place) for place in places])

    def close(self) -> None:
        """Leave the group; once is enough."""
        if not self._closed:
            self._closed = True
            leave(self._consumer)

    def _fetch(self, timeout_s: float, max_records: int) -> None:
        """One blocking poll for the first record, then whatever is already here: no waiting for a full batch.

        Each record is queued at once: the next poll may be the one that revokes its partition and forgets it.
        """
        fetched = 0
        message = self._consumer.poll(timeout_s)
        while message is not None:
            error = message.error()
            if error is None:
                self._undecoded.append(message)
                fetched += 1
            else:
                demand_hope(error, self._stage, message.topic())
            message = self._consumer.poll(0) if fetched < max_records else None

    def _decode_waiting(self) -> list[LogRecord]:
        """What can be decoded now. A record leaves the queue only when it is decoded or acknowledged as dead."""
        read: list[LogRecord] = []
        try:
            while self._undecoded:
                read += self._decode(self._undecoded[0])
                self._undecoded.popleft()
        except RegistryUnavailable as error:
            log.warning("registry_away", stage=self._stage, error=error.message)
        except Unavailable:
            if not read:
                raise
        return read

    def _decode(self, message: Message) -> list[LogRecord]:
        found = raw(message)
        topic = BY_NAME[found.topic]
        assert topic.record is not None
        try:
            record = self._codec.decode(topic, found.value, topic.record)
        except InvalidRecord as error:
            self.bury(found, error)
            return []
        self._read[topic.name].inc()
        return [LogRecord(topic, found.partition, found.offset, appended_at_ms(message), record, found)]

    def _hold(self) -> None:
        """Fetch nothing more, yet let the client serve rebalances: whoever stops polling is put out of the group."""
        self._holding = True
        self._consumer.pause(self._consumer.assignment())

    def _release(self) -> None:
        self._holding = False
        held = [p for p in self._consumer.assignment() if (p.topic, p.partition) not in self._paused]
        self._consumer.resume(held)

    def _forget(self, partitions: list[Partition]) -> None:
        """What leaves goes on in the client too: librdkafka would give it back paused, and nobody would know."""
        self._consumer.resume([TopicPartition(*place) for place in partitions])
        self._paused -= set(partitions)
        self._undecoded = deque(m for m in self._undecoded if (m.topic(), m.partition()) not in partitions)


def _hook(*hooks: PartitionsHook | None) -> Callable[[Consumer, list[TopicPartition]], None]:
    def call(_: Consumer, partitions: list[TopicPartition]) -> None:
        places = [(partition.topic, partition.partition) for partition in partitions]
        for hook in hooks:
            if hook:
                hook(places)

    return call
