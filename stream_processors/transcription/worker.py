"""SHELL: a worker's partitions, from raw records to results on the log. Knows neither Faust nor a Kafka client.

Whoever reads the log calls `assigned`, `feed`, `revoked`, commits what `commits` says, tells `renewed` when the broker
took it, and reads nothing from partitions that `paused` names. What the worker writes goes through an `Outlet`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from schemas.codec import Codec
from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord, RegistryUnavailable
from schemas.events import AudioChunk, ResultEvent
from schemas.kafka_client import record_headers
from schemas.telemetry import PROCESS_ERRORS, PROGRESS_AT, RECORDS_DEAD, RECORDS_READ, STT_ALARMS
from schemas.timebase import BYTES_PER_SAMPLE, ms_to_samples
from schemas.topics import AUDIO_FRAMES, STT_RESULTS, Topic
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.lease import Lease
from stream_processors.transcription.partition import Entry, Partition, Start
from stream_processors.transcription.pipeline import Bench, Pipeline, Written

log = structlog.get_logger()
STAGE = "transcribe"
REGISTRY_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A record to append; `partition` None: where its key belongs."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Outlet(Protocol):
    """Appends to the log, in order for each partition."""

    def append(self, letter: Letter, on_ack: Callable[[int], None]) -> bool:
        """Take a letter and report its offset later; False when there is no room now."""
        ...


@dataclass(frozen=True, slots=True)
class Pending:
    """A letter that waits for the lease. It is dropped when `partition` is not ours any more."""

    letter: Letter
    partition: Partition
    on_ack: Callable[[int], None]


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
        self._outlet = outlet
        self._lease = lease
        self._preroll = ms_to_samples(bench.gate.preroll_ms)
        self._unsent_limit_bytes = ms_to_samples(unsent_limit_ms) * BYTES_PER_SAMPLE
        self._partitions: dict[int, Partition] = {}
        self._outbox: deque[Pending] = deque()
        self._frozen = True
        self._paused: set[int] = set()
        self.records_read = 0

    def assigned(self, kept: set[int], new: Mapping[int, Start]) -> None:
        """The partitions from now on: `kept` go on as they are, every other one begins anew or is let go of."""
        for number in set(self._partitions) - kept:
            self._partitions.pop(number).close()
        for number, start in new.items():
            self._partitions[number] = Partition(number, start, self._preroll, self._bench.now().ms)
        self._outbox = deque(p for p in self._outbox if self._partitions.get(p.partition.number) is p.partition)
        self._paused.clear()
        self._frozen = False

    def revoked(self) -> None:
        """The partitions may go to others: write nothing until `assigned`."""
        self._drain()
        self._frozen = True
        self._lease.lost()

    async def feed(self, record: RawRecord, appended_at_ms: int) -> None:
        """The next record of a partition. Waits while the registry is away; a record that is no chunk is dead."""
        partition = self._partitions.get(record.partition)
        if partition is None or record.offset < partition.next_offset:
            return
        RECORDS_READ.labels(STAGE, record.topic).inc()
        try:
            self._take(partition, record, await self._decoded(record), appended_at_ms)
        except InvalidRecord as error:
            self._bury(partition, record, error)
        except Exception as error:
            PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
            log.exception("record_broke", partition=record.partition, offset=record.offset)
            self._bury(partition, record, InvalidRecord(repr(error), error_class="stage_error"))
        partition.next_offset = record.offset + 1
        self.records_read += 1
        self._drain()

    def tick(self) -> None:
        """What the passing of time asks for; call it every few hundred ms."""
        now = self._bench.now()
        for number, partition in self._partitions.items():
            for pipeline in partition.pipelines():
                if number in self._paused:
                    pipeline.touch(now)
                pipeline.tick()
            partition.forget(now.ms)
        self._tell_alarms()
        self._drain()

    def hang_up(self) -> None:
        """Close every session while its end may still be written down; what is not settled is sent again by whoever is next."""
        for partition in self._partitions.values():
            partition.close()

    def paused(self) -> set[int]:
        """Partitions to read nothing from now: a stream has more unsent speech than its provider can take soon."""
        for number, partition in self._partitions.items():
            unsent = max((pipeline.unsent_bytes for pipeline in partition.pipelines()), default=0)
            if unsent > self._unsent_limit_bytes:
                self._paused.add(number)
            elif unsent < self._unsent_limit_bytes // 2:
                self._paused.discard(number)
        return set(self._paused)

    def positions(self) -> dict[int, int]:
        """The next offset of every partition that is not paused."""
        return {n: partition.next_offset for n, partition in self._partitions.items() if n not in self._paused}

    def commits(self) -> dict[int, Commit]:
        """What may be committed for every partition; committing it again renews the lease."""
        return {number: Commit(*partition.committable()) for number, partition in self._partitions.items()}

    def renewed(self, sent_at_ms: float) -> None:
        """The broker took a commit that was sent at `sent_at_ms` (monotonic)."""
        if not self._frozen:
            self._lease.renewed(sent_at_ms)
        self._drain()

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
        for pipeline in partition.older_epochs(chunk):
            pipeline.end()
        entry = partition.entry(chunk, span.from_sample, self._bench.now().ms)
        entry.cursor.read(record.offset, span.to_sample)
        if entry.pipeline is None:
            cursor = entry.cursor.acknowledged if entry.cursor.results_offset is not None else None
            entry.pipeline = Pipeline(self._bench, chunk, span, cursor, partial(self._write, partition, entry))
        entry.pipeline.feed(chunk, span, appended_at_ms)

    def _write(self, partition: Partition, entry: Entry, topic: Topic, record: Written) -> None:
        """Queue a record of a stream; a result goes to the audio's own partition number, where K is looked for."""
        place = partition.number if topic is STT_RESULTS else None
        headers = record_headers(record.tenant_id, record.bot_id)
        letter = Letter(topic.name, place, record.bot_id.encode(), self._codec.encode(topic, record), headers)
        after = record.cursor_after_sample if isinstance(record, ResultEvent) else None
        self._outbox.append(Pending(letter, partition, partial(self._written, partition, entry, after)))
        self._drain()

    def _written(self, partition: Partition, entry: Entry, cursor_after: int | None, offset: int) -> None:
        PROGRESS_AT.labels(STAGE).set(self._bench.now().us / 1e6)
        if cursor_after is not None:
            partition.acknowledged(entry.cursor, cursor_after, offset)

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
        self._outbox.append(Pending(letter, partition, lambda _: partition.dead.discard(record.offset)))

    def _drain(self) -> None:
        while self._outbox and not self._frozen and self._lease.valid(self._bench.now().ms):
            if not self._outlet.append(self._outbox[0].letter, self._outbox[0].on_ack):
                break
            self._outbox.popleft()
