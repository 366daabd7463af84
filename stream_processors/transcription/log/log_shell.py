"""SHELL: everything of the log but the reading of audio: what must be there at start, appending, and the results' tail.

Built on confluent-kafka, and on no consumer group.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Event, Lock
from uuid import uuid4

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ClusterMetadata

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable, UsageError
from schemas.events import ResultEvent
from schemas.kafka_client import producer_config, reader_config
from schemas.registry import Registry
from schemas.settings import TranscribeSettings
from schemas.telemetry import RECORDS_WRITTEN
from schemas.topics import AUDIO_FRAMES, AUDIO_QUALITY, STT_RESULTS, STT_SESSIONS, dlq_of
from stream_processors.partition_end import to_the_end
from stream_processors.permissions import demand_permissions
from stream_processors.transcription.partitions.outbox import Letter
from stream_processors.transcription.partitions.partition import Restored, StreamKey
from stream_processors.transcription.partitions.scribe import STAGE

log = structlog.get_logger()
READ = (AUDIO_FRAMES, STT_RESULTS)
WRITTEN = (STT_RESULTS, STT_SESSIONS, AUDIO_QUALITY, dlq_of(AUDIO_FRAMES))
KAFKA_REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"
ANY_PARTITION = -1
DRAIN_STEP_S = 0.01
END_TIMEOUT_S = 2.0


def demand_services(settings: TranscribeSettings, registry: Registry) -> None:
    """Raise Unavailable or UsageError, with the remedy, unless broker, topics and registry are there."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, "log_level": 0})
    try:
        cluster = admin.list_topics(timeout=settings.startup_timeout_s)
    except KafkaException as error:
        message = f"Kafka at {settings.kafka_bootstrap_servers} does not answer"
        raise Unavailable(message, remedy=KAFKA_REMEDY) from error
    demand_permissions(admin, settings.consumer_group, reads=READ, writes=WRITTEN, timeout_s=settings.startup_timeout_s)
    _demand_topics(cluster)
    registry.demand_answer()
    for topic in (STT_RESULTS, STT_SESSIONS, AUDIO_QUALITY):
        registry.register(topic)


def _demand_topics(cluster: ClusterMetadata) -> None:
    missing = [topic.name for topic in (*READ, *WRITTEN) if topic.name not in cluster.topics]
    if missing:
        raise Unavailable(f"topics are missing: {', '.join(missing)}", remedy="`earshot topics create`")
    audio, results = (len(cluster.topics[topic.name].partitions) for topic in (AUDIO_FRAMES, STT_RESULTS))
    if audio != results:
        raise UsageError(
            f"{AUDIO_FRAMES.name} has {audio} partitions and {STT_RESULTS.name} has {results}",
            remedy="give them the same count: a stream's cursor is looked for in the partition of its audio",
        )


class LogOutlet:
    """Appends with a producer of ours. Acknowledgements come inside `poll`, on the caller's thread.

    A record Kafka refuses for good ends the process: `failure` says why, and the next owner begins at the cursor.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(producer_config(bootstrap_servers))
        self.failure: Unavailable | None = None

    def append(self, letter: Letter, on_ack: Callable[[int], None]) -> bool:
        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(error, message, on_ack)

        place = ANY_PARTITION if letter.partition is None else letter.partition
        try:
            self._producer.produce(
                letter.topic, letter.value, letter.key, place, on_delivery=delivered, headers=[*letter.headers]
            )
        except BufferError:
            return False
        return True

    def poll(self) -> int:
        """Report what was acknowledged; returns how many letters are still on their way."""
        self._producer.poll(0)
        return len(self._producer)

    async def drained(self, timeout_s: float) -> None:
        """Wait until nothing is on its way any more, or the time is over."""
        for _ in range(int(timeout_s / DRAIN_STEP_S)):
            if not self.poll():
                return
            await asyncio.sleep(DRAIN_STEP_S)

    def _delivered(self, error: KafkaError | None, message: Message, on_ack: Callable[[int], None]) -> None:
        topic, offset = message.topic(), message.offset()
        if error is not None or topic is None or offset is None:
            self.failure = Unavailable(f"{topic} does not take a record: {error}", remedy="see the broker's log")
            return
        RECORDS_WRITTEN.labels(STAGE, topic).inc()
        on_ack(offset)


@dataclass(frozen=True, slots=True)
class Tail:
    """What the end of one partition of the results topic says."""

    restored: dict[StreamKey, Restored]
    end: int


class ResultsLog:
    """Reads the ends of the log without a group. Blocking; calls from several threads wait for one another."""

    def __init__(self, bootstrap_servers: str, codec: Codec, label: str) -> None:
        config = reader_config(bootstrap_servers, f"earshot-transcribe-{uuid4()}")
        self._consumer = Consumer(config)
        self._codec = codec
        self._label = label
        self._leaving = Event()
        self._asking = Lock()

    def restore(self, from_offsets: dict[int, int]) -> dict[int, Tail]:
        """K of every stream that wrote a result since these offsets, by partition, and the end of each partition."""
        tails = {number: Tail({}, offset) for number, offset in from_offsets.items()}
        with self._asking:
            for message in to_the_end(self._consumer, STT_RESULTS.name, from_offsets):
                tail, offset = tails[message.partition() or 0], message.offset() or 0
                tails[message.partition() or 0] = replace(tail, end=offset + 1)
                self._learn(tail.restored, message)
        return tails

    def audio_ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """The offset the next record of each audio partition will have; of none while the broker does not say."""
        try:
            with self._asking:
                return {number: self._end(number) for number in partitions if not self._leaving.is_set()}
        except KafkaException as error:
            log.warning("ends_unknown", stage=STAGE, error=str(error))
            return {}

    def leave(self) -> None:
        """Ask no more ends: a process that is told to stop waits for its threads, and a broker may be away for each of them."""
        self._leaving.set()

    def close(self) -> None:
        self._consumer.close()

    def _end(self, number: int) -> int:
        place = TopicPartition(AUDIO_FRAMES.name, number)
        ends = self._consumer.get_watermark_offsets(place, timeout=END_TIMEOUT_S, cached=False)
        return ends[1] if ends else 0

    def _learn(self, restored: dict[StreamKey, Restored], message: Message) -> None:
        try:
            result = self._codec.decode(STT_RESULTS, message.value(), ResultEvent)
        except InvalidRecord as error:
            log.warning(
                "result_unreadable", partition=message.partition(), offset=message.offset(), error=error.message
            )
            return
        key = StreamKey.of(result)
        known = restored.get(key)
        if result.transcript_label == self._label and (known is None or result.cursor_after_sample >= known.cursor):
            restored[key] = Restored(result.cursor_after_sample, message.offset() or 0)
