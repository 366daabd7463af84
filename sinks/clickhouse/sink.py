"""The pipeline: records from the log, to rows, to batches, to ClickHouse, and only then the offsets.

One thread does it all. A batch that ClickHouse does not take waits here, the partitions stand still, and polling goes
on so that the group keeps this member; what is not written is not committed, so it lies in Kafka whatever happens here.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord, Unavailable
from schemas.settings import ClickHouseSettings
from schemas.telemetry import PROCESS_ERRORS, PROGRESS_AT
from schemas.timebase import Clock
from schemas.topics import BY_NAME
from sinks.clickhouse.batch import Batch, Batches, Limits, Place
from sinks.clickhouse.retry import NONE
from sinks.clickhouse.rows import Row, dead_row, row_of
from sinks.clickhouse.tables import TABLES
from sinks.clickhouse.writer import Writer
from sinks.log_reader import LogReader, LogRecord

STAGE = "sink clickhouse"
LONGEST_WAIT_MS = 500.0
log = structlog.get_logger()


@dataclass(frozen=True)
class Taken:
    """A row and the record it came from."""

    origin: RawRecord
    row: Row


class ClickHouseSink:
    """One member of the sink's consumer group. Making one raises Unavailable when Kafka or the registry is away."""

    def __init__(self, settings: ClickHouseSettings, writer: Writer, clock: Clock) -> None:
        self._clock = clock
        self._writer = writer
        self._taken: list[Taken] = []
        self._batches = Batches(Limits(rows=settings.clickhouse_batch_rows, age_ms=settings.clickhouse_batch_ms))
        self._waiting: deque[Batch] = deque()
        self._written: dict[Place, int] = {}
        self._outage = NONE
        self._assigned: set[Place] = set()
        self._held = False
        self._reader = LogReader(
            settings,
            group_id=settings.clickhouse_consumer_group,
            topics=[BY_NAME[name] for name in TABLES],
            stage=STAGE,
            on_assigned=self._assigned.update,
            on_revoked=self._forget,
            on_dead=self._take_dead,
        )

    def run(self, stopping: Callable[[], bool]) -> None:
        """Until `stopping`; then write what is here, once, and leave the group."""
        try:
            while not stopping():
                self._read()
                self._waiting += self._batches.take_due(self._clock.monotonic_ms())
                self._write()
            self._waiting += self._batches.take_all()
            self._write()
        finally:
            self._reader.close()
            self._writer.close()

    def _read(self) -> None:
        """Records to rows to batches, in the order of the log."""
        for record in self._reader.poll(self._wait_ms() / 1000):
            self._take(record)
        for taken in sorted(self._taken, key=lambda taken: taken.origin.offset):
            place = (taken.origin.topic, taken.origin.partition)
            size_bytes = len(taken.origin.value or b"")
            now_ms = self._clock.monotonic_ms()
            self._batches.add(place, taken.origin.offset, taken.row, size_bytes=size_bytes, now_ms=now_ms)
        self._taken.clear()
        PROGRESS_AT.labels(STAGE).set(self._clock.now_us() / 1e6)

    def _take(self, record: LogRecord) -> None:
        try:
            row = row_of(record.topic.name, record.record, partition=record.partition, offset=record.offset)
        except InvalidRecord as error:
            self._reader.bury(record.raw, error)
            return
        self._taken.append(Taken(record.raw, row))

    def _take_dead(self, origin: RawRecord, error: InvalidRecord) -> None:
        self._taken.append(Taken(origin, dead_row(origin, stage=STAGE, error=error, failed_at_us=self._clock.now_us())))

    def _write(self) -> None:
        """Write what waits, in order, as far as ClickHouse takes it, and commit so far; again, if Kafka was away."""
        while self._waiting and self._outage.may_try(self._clock.monotonic_ms()):
            batch = self._waiting[0]
            try:
                self._writer.write(batch)
            except Unavailable as error:
                self._put_off(error)
                break
            self._outage = NONE
            self._waiting.popleft()
            self._written[batch.place] = batch.next_offset
        if self._reader.commit(self._written):
            self._written.clear()
        self._hold_or_release()

    def _put_off(self, error: Unavailable) -> None:
        now_ms = self._clock.monotonic_ms()
        self._outage = self._outage.after_failure(now_ms)
        PROCESS_ERRORS.labels(STAGE, "clickhouse_away").inc()
        log.warning(
            "clickhouse_away",
            failures=self._outage.failures,
            retry_in_ms=round(self._outage.retry_at_ms - now_ms),
            batches_waiting=len(self._waiting),
            error=error.message,
        )

    def _hold_or_release(self) -> None:
        """Take no more from the log while anything waits: memory stays bounded, and the lag shows in Kafka."""
        if self._waiting:
            self._reader.pause(self._assigned)
        elif self._held:
            self._reader.resume(self._assigned)
        self._held = bool(self._waiting)

    def _forget(self, places: list[Place]) -> None:
        """Partitions that are another's now: it reads again what was not committed here."""
        self._assigned.difference_update(places)
        self._batches.forget(places)
        self._waiting = deque(batch for batch in self._waiting if batch.place not in places)
        self._written = {place: offset for place, offset in self._written.items() if place not in places}

    def _wait_ms(self) -> float:
        """How long the log may take to bring something before there is other work."""
        deadline_ms = self._outage.retry_at_ms if self._waiting else self._batches.deadline_ms()
        if deadline_ms is None:
            return LONGEST_WAIT_MS
        return min(LONGEST_WAIT_MS, max(0.0, deadline_ms - self._clock.monotonic_ms()))
