"""The delivery protocol: intent, insert, commit. What is in a table is in it once, whoever dies when.

1. A batch is named in the metadata of an offset commit, with the offset of its first record: the intent.
2. Its rows are inserted, a table at a time, one INSERT of one block each, under tokens made of the exact range.
3. What no table takes is acknowledged by its dead-letter topic, and has a row in sink_dead_letters.
4. The offset after its last record is committed, without metadata.

No step begins before the one before is acknowledged. A death after 1 and before 4 leaves the intent: whoever has the partition
next makes the same batch, and ClickHouse drops what it has under that token already. A death before 1 leaves nothing.
A member whom the group has given up on is refused step 1, so it inserts nothing that its successor might cut otherwise.
"""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from schemas.errors import InvalidRecord, Unavailable
from schemas.telemetry import BATCH_AGE, INSERTED_AT, PROCESS_ERRORS, TABLE_STOPPED
from schemas.timebase import Clock
from sinks.clickhouse.delivery.batch import Batch, Place
from sinks.clickhouse.delivery.fault_point import FaultPoint, FaultPoints
from sinks.clickhouse.delivery.intake import Intake, Mark
from sinks.clickhouse.delivery.mapper import Mapped, Mapper
from sinks.clickhouse.delivery.retry import Outages
from sinks.clickhouse.delivery.writer import BadRow, Writer
from sinks.clickhouse.mapping.block import Block, block_of
from sinks.clickhouse.mapping.rows import dead_row
from sinks.clickhouse.mapping.tables import DEAD_LETTERS, TABLES
from sinks.clickhouse.server.adapter import NotNow, Refused
from sinks.clickhouse.server.refusal import Refusal
from sinks.dead_letter_writer import DeadLetterWriter

PASS_MS = 5_000.0  # then the group is heard again
REFUSED = "refused_by_clickhouse"
Writing = Future[list[BadRow]]
log = structlog.get_logger()


@dataclass(frozen=True)
class Underway:
    """A batch whose rows are being inserted; `writing` is None where they are in already and only dead records are left."""

    batch: Batch
    mapped: Mapped
    writing: Writing | None


class Delivery:
    """What is on its way into tables: at most one batch of each partition. Of one thread, but for inserts: they have another,
    which has the connection to itself.
    """

    def __init__(
        self,
        intake: Intake,
        mapper: Mapper,
        writer: Writer,
        dead_letters: DeadLetterWriter,
        *,
        clock: Clock,
        stage: str,
        faults: FaultPoints,
    ) -> None:
        self._intake = intake
        self._mapper = mapper
        self._writer = writer
        self._dead_letters = dead_letters
        self._clock = clock
        self._stage = stage
        self._faults = faults
        self._waiting: dict[Place, Batch] = {}
        self._mapped: dict[Place, Mapped] = {}  # of batches whose rows are in and whose dead are not
        self._written: dict[Place, int] = {}
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="insert")
        self.outages = Outages()
        self.committed: dict[Place, int] = {}

    @property
    def busy(self) -> set[Place]:
        """Partitions with a batch on its way."""
        return set(self._waiting)

    def take(self, batches: Iterable[Batch]) -> None:
        """Batches to deliver; of a partition that is not busy."""
        for batch in batches:
            self._waiting[batch.place] = batch

    def advance(self) -> None:
        """Carry every batch as far as Kafka and ClickHouse take it now; rows of one are made while another's are inserted."""
        ends_ms = self._clock.monotonic_ms() + PASS_MS
        before: Underway | None = None
        for batch in self._intended(self._ready()):
            mapped = self._rows_of(batch, ends_ms)
            if before:
                self._see_through(before)
            before = self._begin(batch, mapped) if mapped else None
        if before:
            self._see_through(before)
        self.settle(self._written)

    def close(self) -> None:
        """Let go of the thread that inserts; nothing is under way."""
        self._hand.shutdown()

    def settle(self, places: Iterable[Place]) -> None:
        """Commit what is written of these partitions; what is refused is committed with the next intent, or lost with it."""
        marks = {place: Mark(self._written[place]) for place in places if place in self._written}
        self._note(self._intake.commit(marks), marks, FaultPoint.AFTER_COMMIT)

    def forget(self, places: Iterable[Place]) -> None:
        """Partitions that are another's now: it finds the intent, or reads again what was not committed here."""
        for place in places:
            self._waiting.pop(place, None)
            self._mapped.pop(place, None)
            self._written.pop(place, None)
            self.committed.pop(place, None)

    def _may_try(self, batch: Batch, mapped: Mapped | None) -> bool:
        """Whether the table that the batch wants next may be asked now."""
        rows_are_in = mapped is not None and mapped.block is None
        table = DEAD_LETTERS if rows_are_in else TABLES[batch.place[0]].name
        return self.outages.may_try(table, self._clock.monotonic_ms())

    def _ready(self) -> list[Batch]:
        """Batches that may be tried now, in the order they came."""
        return [batch for place, batch in self._waiting.items() if self._may_try(batch, self._mapped.get(place))]

    def _intended(self, batches: list[Batch]) -> list[Batch]:
        """Those of the batches that Kafka has in writing."""
        new = {batch.place: batch for batch in batches if not batch.intended}
        marks = {place: Mark(batch.intent.first_offset, batch.intent.metadata()) for place, batch in new.items()}
        for place in self._note(self._intake.commit(marks), marks, FaultPoint.AFTER_INTENT):
            self._waiting[place] = replace(new[place], intended=True)
        current = [self._waiting[batch.place] for batch in batches if batch.place in self._waiting]
        return [batch for batch in current if batch.intended]

    def _note(self, accepted: set[Place], marks: dict[Place, Mark], reached: FaultPoint) -> set[Place]:
        for place in accepted:
            self.committed[place] = marks[place].offset
            self._written.pop(place, None)
        if accepted:
            self._faults.reach(reached)
        return accepted

    def _rows_of(self, batch: Batch, ends_ms: float) -> Mapped | None:
        """Rows are made just before they are sent, and are not kept: a batch in columns is many times its bytes."""
        if self._clock.monotonic_ms() >= ends_ms or not self._may_try(batch, self._mapped.get(batch.place)):
            return None
        return self._mapped.pop(batch.place, None) or self._map(batch)

    def _begin(self, batch: Batch, mapped: Mapped) -> Underway | None:
        """Hand over the rows; None when the batch before has shown that their table must wait."""
        if not self._may_try(batch, mapped):
            self._keep(batch, mapped)
            return None
        rows = mapped.block
        return Underway(batch, mapped, self._hand.submit(self._writer.write, batch, rows) if rows else None)

    def _see_through(self, underway: Underway) -> None:
        batch, mapped = underway.batch, underway.mapped
        if self._rows_are_in(underway) and self._write_dead(batch, mapped):
            self._faults.reach(FaultPoint.AFTER_ACK)
            del self._waiting[batch.place]
            self._written[batch.place] = batch.next_offset
        else:
            self._keep(batch, mapped)

    def _keep(self, batch: Batch, mapped: Mapped) -> None:
        """Rows that are not in are made again; what is left of a batch whose rows are in is not."""
        if mapped.block is None:
            self._mapped[batch.place] = mapped

    def _map(self, batch: Batch) -> Mapped | None:
        try:
            return self._mapper.mapped(batch)
        except Unavailable as error:
            self._put_off(TABLES[batch.place[0]].name, Refusal.RETRY, error.message)
            return None

    def _rows_are_in(self, underway: Underway) -> bool:
        """True once all rows are in, but for those that ClickHouse will not have, which join the dead."""
        batch, mapped, writing = underway.batch, underway.mapped, underway.writing
        if mapped.block is None or writing is None:
            return True
        bad = self._seen(batch, mapped.block.table, writing)
        if bad is None:
            return False
        origins = {entry.offset: entry.origin for entry in batch.entries} if bad else {}
        mapped.dead += [(origins[row.offset](), InvalidRecord(row.reason, error_class=REFUSED)) for row in bad]
        mapped.dead.sort(key=lambda dead: dead[0].offset)
        mapped.block = None
        return True

    def _write_dead(self, batch: Batch, mapped: Mapped) -> bool:
        """True once every dead record is on its dead-letter topic and in its table."""
        if not mapped.dead:
            return True
        try:
            self._dead_letters.bury(mapped.dead[mapped.buried :])
        except Unavailable as error:
            self._put_off(DEAD_LETTERS, Refusal.RETRY, error.message)
            return False
        mapped.buried = len(mapped.dead)
        letters = self._letters(mapped)
        bad = self._seen(batch, letters.table, self._hand.submit(self._writer.write, batch, letters))
        if bad:
            log.error("dead_letters_not_in_table", stage=self._stage, topic=batch.place[0], rows=len(bad))
        return bad is not None

    def _letters(self, mapped: Mapped) -> Block:
        now_us = self._clock.now_us()
        rows = [dead_row(record, stage=self._stage, error=error, failed_at_us=now_us) for record, error in mapped.dead]
        return block_of(DEAD_LETTERS, rows, [record.offset for record, _ in mapped.dead])

    def _seen(self, batch: Batch, table: str, writing: Writing) -> list[BadRow] | None:
        """The rows refused, all others being in; None when it has to be tried again."""
        try:
            bad = writing.result()
        except (NotNow, Refused) as error:
            self._put_off(table, error.refusal, error.message)
            return None
        self._took(table, batch)
        return bad

    def _took(self, table: str, batch: Batch) -> None:
        INSERTED_AT.labels(table).set(self._clock.now_us() / 1e6)
        BATCH_AGE.labels(table).observe(max(0.0, self._clock.monotonic_ms() - batch.opened_at_ms) / 1000)
        if self.outages.after_success(table):
            TABLE_STOPPED.labels(table).set(0)
            log.info("table_goes_on", stage=self._stage, table=table)

    def _put_off(self, table: str, refusal: Refusal, reason: str) -> None:
        now_ms = self._clock.monotonic_ms()
        outage = self.outages.after_failure(table, refusal, now_ms, reason)
        PROCESS_ERRORS.labels(self._stage, f"clickhouse_{refusal}").inc()
        TABLE_STOPPED.labels(table).set(int(outage.stopped))
        (log.error if outage.stopped else log.warning)(
            "table_stopped" if outage.stopped else "clickhouse_away",
            stage=self._stage,
            table=table,
            refusal=str(refusal),
            failures=outage.failures,
            retry_in_ms=round(outage.retry_at_ms - now_ms),
            batches_waiting=len(self._waiting),
            error=reason,
        )
