"""SHELL: what a worker puts on the log, through its outbox: results, sessions, dead letters."""

from collections.abc import Callable
from functools import partial

import structlog

from schemas.codec import Codec
from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord
from schemas.events import ResultEvent
from schemas.kafka_client import record_headers
from schemas.telemetry import PROGRESS_AT, RECORDS_DEAD, STT_APPEND_DELAY
from schemas.topics import STT_RESULTS, Topic
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.partitions.outbox import Letter, Outbox, Pending
from stream_processors.transcription.partitions.partition import Entry, Partition
from stream_processors.transcription.stream.pipeline import Written

STAGE = "transcribe"
log = structlog.get_logger()


class Scribe:
    """Writes for the streams of partitions; what Kafka acknowledges moves their cursors."""

    def __init__(self, codec: Codec, outbox: Outbox, now: Callable[[], Moment]) -> None:
        self._codec = codec
        self._outbox = outbox
        self._now = now

    def write(self, partition: Partition, entry: Entry, topic: Topic, record: Written) -> None:
        """Queue a record of a stream; a result goes to the audio's own partition number, where K is looked for."""
        place = partition.number if topic is STT_RESULTS else None
        headers = record_headers(record.tenant_id, record.bot_id)
        letter = Letter(topic.name, place, record.bot_id.encode(), self._codec.encode(topic, record), headers)
        result = record if isinstance(record, ResultEvent) else None
        self._outbox.put(Pending(letter, partition, partial(self._written, partition, entry, result)))
        self.release()

    def bury(self, partition: Partition, record: RawRecord, error: InvalidRecord) -> None:
        """Queue a dead letter; until Kafka has it, the record's offset is not committed."""
        RECORDS_DEAD.labels(STAGE, record.topic, error.error_class).inc()
        log.warning("record_dead", partition=record.partition, offset=record.offset, error_class=error.error_class)
        dead = dead_letter(record, stage=STAGE, error=error, failed_at_us=self._now().us)
        letter = Letter(dead.topic, None, dead.key, dead.value, dead.headers)
        partition.dead.add(record.offset)
        self._outbox.put(Pending(letter, partition, lambda _: partition.dead.discard(record.offset)))

    def release(self) -> None:
        """Write what may be written now."""
        self._outbox.release(self._now().ms)

    def _written(self, partition: Partition, entry: Entry, result: ResultEvent | None, offset: int) -> None:
        now_us = self._now().us
        PROGRESS_AT.labels(STAGE).set(now_us / 1e6)
        if result is not None:
            STT_APPEND_DELAY.observe((now_us - result.produced_at_us) / 1e6)
            partition.acknowledged(entry.cursor, result.cursor_after_sample, offset)
