"""SHELL: a worker's partitions, from raw records to results on the log. Knows neither Faust nor a Kafka client.

Whoever reads the log calls `assigned`, `feed`, `revoked`, commits what `commits` says, tells `renewed` when the broker
took it, and reads as `plan` says. What the worker writes goes through an `Outlet`.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord, RegistryUnavailable
from schemas.events import AudioChunk
from schemas.telemetry import (
    PROCESS_ERRORS,
    RECORDS_READ,
    STT_ALARMS,
)
from schemas.timebase import BYTES_PER_SAMPLE, ms_to_samples
from schemas.topics import AUDIO_FRAMES
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.partitions.catch_up import CatchUp, catch_up
from stream_processors.transcription.partitions.lease import Lease
from stream_processors.transcription.partitions.outbox import Outbox, Outlet
from stream_processors.transcription.partitions.partition import Partition, Start
from stream_processors.transcription.partitions.reading_plan import ReadingPlan
from stream_processors.transcription.partitions.scribe import STAGE, Scribe
from stream_processors.transcription.stream.pipeline import Bench, Pipeline

log = structlog.get_logger()
REGISTRY_RETRY_S = 1.0
BROKER_SILENT_MS = 1_500.0


@dataclass(frozen=True, slots=True)
class Appended:
    """A record of the log, and when it was appended."""

    record: RawRecord
    at_ms: int


@dataclass(frozen=True, slots=True)
class Commit:
    """What to commit for a partition: the next offset to read, and where the results topic must be read from then."""

    offset: int
    results_from: int


class Worker:
    """One member of the group. Every call comes from one event loop."""

    def __init__(self, bench: Bench, codec: Codec, outlet: Outlet, lease: Lease, *, unsent_limit_ms: int) -> None:
        self._bench = bench
        self._codec = codec
        self._preroll = ms_to_samples(bench.gate.preroll_ms)
        self._unsent_limit_bytes = ms_to_samples(unsent_limit_ms) * BYTES_PER_SAMPLE
        self._partitions: dict[int, Partition] = {}
        self.plan = ReadingPlan(self._partitions, self._unsent_limit_bytes)
        self._outbox = Outbox(outlet, lease)
        self._scribe = Scribe(codec, self._outbox, bench.now)
        self._leaving = False
        self._confirmed_ms = float("-inf")
        self._read = RECORDS_READ.labels(STAGE, AUDIO_FRAMES.name)
        self.records_read = 0

    def assigned(self, kept: set[int], new: Mapping[int, Start]) -> None:
        """The partitions from now on: `kept` go on as they are, every other one begins anew or is let go of."""
        for number in set(self._partitions) - kept:
            self._partitions.pop(number).close()
        for number, start in new.items():
            self._partitions[number] = Partition(number, start, self._preroll, self._bench.now().ms)
        self._outbox.open(self._is_ours)
        self.plan.begin()

    def revoked(self) -> None:
        """The partitions may go to others: write nothing until `assigned`."""
        self._scribe.release()
        self._outbox.close()

    async def feed(self, record: RawRecord, appended_at_ms: int) -> None:
        """The next record of a partition. Waits while the registry is away; a record that is no chunk is dead.

        One that was read before is dropped, and so is one that comes too early: the plan says what must be read first.
        """
        partition = self._partitions.get(record.partition)
        if self._leaving or partition is None or not partition.is_next(record.offset):
            return
        self._read.inc()
        try:
            self._take(partition, record, await self._decoded(record), appended_at_ms)
        except InvalidRecord as error:
            self._scribe.bury(partition, record, error)
        except Exception as error:
            PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
            log.exception("record_broke", partition=record.partition, offset=record.offset)
            self._scribe.bury(partition, record, InvalidRecord(type(error).__name__, error_class="stage_error"))
        partition.order.done(record.offset)
        self.records_read += 1
        self._scribe.release()

    def tick(self) -> None:
        """What the passing of time asks for; call it every few hundred ms.

        A stream is idle while its partition is read to the end and nothing of it comes. What lies unread on the log, or in a
        broker that is away, makes nothing idle, or an utterance would be cut in the middle of a word.
        """
        if self._leaving:
            return
        now = self._bench.now()
        broker_is_there = not self._outbox.closed and now.ms - self._confirmed_ms <= BROKER_SILENT_MS
        for number, partition in self._partitions.items():
            partition.tick(now, read_to_end=self.plan.is_at_end(number, now.ms) and broker_is_there)
        self._tell_alarms()
        self._scribe.release()

    def hang_up(self) -> None:
        """Close every session while its end may still be written down; what is not settled is sent again by whoever is next."""
        self._leaving = True
        for partition in self._partitions.values():
            partition.close()

    def catch_ups(self) -> list[CatchUp]:
        """What is to be read again for streams that were left alone; give it to `hear`."""
        found = [catch_up(partition, self._unsent_limit_bytes) for partition in self._partitions.values()]
        return [] if self._leaving else [each for each in found if each]

    async def hear(self, wanted: CatchUp, records: Iterable[Appended]) -> None:
        """The records from `wanted.start` on, as many as were read. A partition that went to somebody else hears nothing."""
        for appended in records:
            try:
                chunk = await self._decoded(appended.record)
            except InvalidRecord:
                chunk = None
            if self._leaving or not self._is_ours(wanted.partition):
                return
            wanted.take(appended.record.offset, chunk, appended.at_ms)
        wanted.done()
        self._scribe.release()

    def commits(self) -> dict[int, Commit]:
        """What may be committed for every partition; committing it again renews the lease."""
        return {number: Commit(*partition.committable()) for number, partition in self._partitions.items()}

    def renewed(self, sent_at_ms: float) -> None:
        """The broker took a commit that was sent at `sent_at_ms` (monotonic)."""
        if not self._outbox.closed:
            self._outbox.renewed(sent_at_ms)
            self._confirmed_ms = sent_at_ms
        self._scribe.release()

    def close(self) -> None:
        """Let go of every session; nothing is written any more."""
        self.revoked()
        for partition in self._partitions.values():
            partition.close()

    async def _decoded(self, record: RawRecord) -> AudioChunk:
        while True:
            try:
                return self._codec.decode(AUDIO_FRAMES, record.value, AudioChunk)
            except RegistryUnavailable as error:
                log.warning("registry_away", error=error.message)
                await asyncio.sleep(REGISTRY_RETRY_S)

    def _take(self, partition: Partition, record: RawRecord, chunk: AudioChunk, appended_at_ms: int) -> None:
        span = span_of(chunk)
        entry = partition.entry(chunk, span.from_sample, self._bench.now().ms)
        entry.cursor.read(record.offset, span.to_sample)
        if entry.pipeline is None:
            for older in partition.older_epochs(chunk):
                older.end()
            cursor = entry.cursor.acknowledged if entry.cursor.results_offset is not None else None
            entry.pipeline = Pipeline(self._bench, chunk, span, cursor, partial(self._scribe.write, partition, entry))
        if entry.left_from is None:
            entry.pipeline.feed(chunk, span, appended_at_ms)

    def _tell_alarms(self) -> None:
        for alarm in self._bench.router.news():
            STT_ALARMS.labels(alarm.choice.provider).set(alarm.cause is not None)
            if alarm.cause:
                cause = alarm.cause
                log.error(
                    "provider_out",
                    provider=alarm.choice.provider,
                    error_class=cause.error_class,
                    error_code=cause.code,
                    remedy=cause.remedy,
                )
            else:
                log.warning("provider_back", provider=alarm.choice.provider)

    def _is_ours(self, partition: Partition) -> bool:
        return self._partitions.get(partition.number) is partition
