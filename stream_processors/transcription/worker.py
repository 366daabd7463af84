"""SHELL: a worker's partitions, from raw records to results on the log. Knows neither Faust nor a Kafka client.

Whoever reads the log calls `assigned`, `feed`, `revoked`, commits what `commits` says, tells `renewed` when the broker
took it, and reads nothing from partitions that `paused` names. What the worker writes goes through an `Outlet`.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from schemas.codec import Codec
from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord, RegistryUnavailable
from schemas.events import AudioChunk, ResultEvent
from schemas.kafka_client import record_headers
from schemas.telemetry import (
    PROCESS_ERRORS,
    PROGRESS_AT,
    RECORDS_DEAD,
    RECORDS_READ,
    STT_ALARMS,
    STT_APPEND_DELAY,
    STT_LEFT,
    STT_LOG_LAG,
    STT_PAUSED,
    STT_WAITING,
)
from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, ms_to_samples
from schemas.topics import AUDIO_FRAMES, STT_RESULTS, Topic
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.backpressure import Reading, has_room
from stream_processors.transcription.catch_up import CatchUp, catch_up
from stream_processors.transcription.lease import Lease
from stream_processors.transcription.outbox import Letter, Outbox, Outlet, Pending
from stream_processors.transcription.partition import Entry, Partition, Start
from stream_processors.transcription.pipeline import Bench, Pipeline, Written

log = structlog.get_logger()
STAGE = "transcribe"
REGISTRY_RETRY_S = 1.0
BROKER_SILENT_MS = 1_500.0
LONGEST_UNSEEN_MS = 3_000.0


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
        self._outbox = Outbox(outlet, lease)
        self._leaving = False
        self._confirmed_ms = float("-inf")
        self._paused: set[int] = set()
        self._at_end_ms: dict[int, float] = {}
        self._read = RECORDS_READ.labels(STAGE, AUDIO_FRAMES.name)
        self.records_read = 0

    def assigned(self, kept: set[int], new: Mapping[int, Start]) -> None:
        """The partitions from now on: `kept` go on as they are, every other one begins anew or is let go of."""
        for number in set(self._partitions) - kept:
            self._partitions.pop(number).close()
        for gauge in (STT_WAITING, STT_PAUSED, STT_LEFT, STT_LOG_LAG):
            gauge.clear()
        for number, start in new.items():
            self._partitions[number] = Partition(number, start, self._preroll, self._bench.now().ms)
        self._outbox.open(self._is_ours)
        self._paused.clear()
        self._at_end_ms.clear()

    def revoked(self) -> None:
        """The partitions may go to others: write nothing until `assigned`."""
        self._release()
        self._outbox.close()

    async def feed(self, record: RawRecord, appended_at_ms: int) -> None:
        """The next record of a partition. Waits while the registry is away; a record that is no chunk is dead.

        One that was read before is dropped, and so is one that comes too early: `missing` says what must be read first.
        """
        partition = self._partitions.get(record.partition)
        if self._leaving or partition is None or not partition.is_next(record.offset):
            return
        self._read.inc()
        try:
            self._take(partition, record, await self._decoded(record), appended_at_ms)
        except InvalidRecord as error:
            self._bury(partition, record, error)
        except Exception as error:
            PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
            log.exception("record_broke", partition=record.partition, offset=record.offset)
            self._bury(partition, record, InvalidRecord(type(error).__name__, error_class="stage_error"))
        partition.order.done(record.offset)
        self.records_read += 1
        self._release()

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
            at_end = now.ms - self._at_end_ms.get(number, float("-inf")) <= LONGEST_UNSEEN_MS
            partition.tick(now, read_to_end=at_end and broker_is_there)
        self._tell_alarms()
        self._release()

    def hang_up(self) -> None:
        """Close every session while its end may still be written down; what is not settled is sent again by whoever is next."""
        self._leaving = True
        for partition in self._partitions.values():
            partition.close()

    def paused(self) -> set[int]:
        """Partitions to read nothing from now: most streams have more unsent speech than their provider can take soon.

        A few such streams are left alone instead; `catch_ups` says when they may hear what they missed.
        """
        for number, partition in self._partitions.items():
            found, unsent = partition.relieve(self._unsent_limit_bytes), partition.most_unsent_bytes
            if found is Reading.STOP:
                self._paused.add(number)
            elif has_room(unsent, self._unsent_limit_bytes):
                self._paused.discard(number)
            STT_WAITING.labels(number).set(unsent / BYTES_PER_SAMPLE / SAMPLE_RATE_HZ)
            STT_PAUSED.labels(number).set(number in self._paused)
            STT_LEFT.labels(number).set(len(partition.left()))
        return set(self._paused)

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
        self._release()

    def missing(self) -> dict[int, int]:
        """Partitions of which records were left out on the way here, and where they must be read again from."""
        orders = {number: partition.order for number, partition in self._partitions.items()}
        return {number: order.due for number, order in orders.items() if order.is_missing_records}

    def expired(self, firsts: Mapping[int, int]) -> None:
        """The log has nothing before these offsets any more: reading goes on there, and the hole shows in the chunks' seq."""
        for number, first in firsts.items():
            partition = self._partitions.get(number)
            if partition and first > partition.order.due:
                log.error("audio_expired", partition=number, from_offset=partition.order.due, to_offset=first)
                partition.order.due = first

    def positions(self) -> dict[int, int]:
        """The next offset of every partition."""
        return {number: partition.order.due for number, partition in self._partitions.items()}

    def behind(self, ends: Mapping[int, int]) -> bool:
        """Whether a partition that is not paused has records to read; `ends` are the next offsets of the log.

        Call it every second: only what was seen to be read to its end can be idle.
        """
        lags = {n: ends[n] - partition.order.due for n, partition in self._partitions.items() if n in ends}
        now_ms = self._bench.now().ms
        for number, lag in lags.items():
            STT_LOG_LAG.labels(number).set(lag)
            self._at_end_ms[number] = now_ms if lag <= 0 else float("-inf")
        return any(lag > 0 for number, lag in lags.items() if number not in self._paused)

    def commits(self) -> dict[int, Commit]:
        """What may be committed for every partition; committing it again renews the lease."""
        return {number: Commit(*partition.committable()) for number, partition in self._partitions.items()}

    def renewed(self, sent_at_ms: float) -> None:
        """The broker took a commit that was sent at `sent_at_ms` (monotonic)."""
        if not self._outbox.closed:
            self._outbox.renewed(sent_at_ms)
            self._confirmed_ms = sent_at_ms
        self._release()

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
            entry.pipeline = Pipeline(self._bench, chunk, span, cursor, partial(self._write, partition, entry))
        if entry.left_from is None:
            entry.pipeline.feed(chunk, span, appended_at_ms)

    def _write(self, partition: Partition, entry: Entry, topic: Topic, record: Written) -> None:
        """Queue a record of a stream; a result goes to the audio's own partition number, where K is looked for."""
        place = partition.number if topic is STT_RESULTS else None
        headers = record_headers(record.tenant_id, record.bot_id)
        letter = Letter(topic.name, place, record.bot_id.encode(), self._codec.encode(topic, record), headers)
        result = record if isinstance(record, ResultEvent) else None
        self._outbox.put(Pending(letter, partition, partial(self._written, partition, entry, result)))
        self._release()

    def _written(self, partition: Partition, entry: Entry, result: ResultEvent | None, offset: int) -> None:
        now_us = self._bench.now().us
        PROGRESS_AT.labels(STAGE).set(now_us / 1e6)
        if result is not None:
            STT_APPEND_DELAY.observe((now_us - result.produced_at_us) / 1e6)
            partition.acknowledged(entry.cursor, result.cursor_after_sample, offset)

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

    def _bury(self, partition: Partition, record: RawRecord, error: InvalidRecord) -> None:
        RECORDS_DEAD.labels(STAGE, record.topic, error.error_class).inc()
        log.warning("record_dead", partition=record.partition, offset=record.offset, error_class=error.error_class)
        dead = dead_letter(record, stage=STAGE, error=error, failed_at_us=self._bench.now().us)
        letter = Letter(dead.topic, None, dead.key, dead.value, dead.headers)
        partition.dead.add(record.offset)
        self._outbox.put(Pending(letter, partition, lambda _: partition.dead.discard(record.offset)))

    def _is_ours(self, partition: Partition) -> bool:
        return self._partitions.get(partition.number) is partition

    def _release(self) -> None:
        self._outbox.release(self._bench.now().ms)
