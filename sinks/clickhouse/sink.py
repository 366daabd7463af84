"""The pipeline: records from the log, to batches, to the delivery that names, inserts and commits them.

One thread decides it all, and another inserts. A batch that ClickHouse does not take waits here, its partition stands still
once enough waits behind it, and polling goes on so that the group keeps this member; what is not written is not committed,
so it lies in Kafka.
"""

from collections.abc import Callable, Sequence

import structlog

from schemas.codec import Codec
from schemas.health import Readiness
from schemas.registry import Registry
from schemas.settings import ClickHouseSettings
from schemas.telemetry import LAG, PROGRESS_AT
from schemas.timebase import Clock
from sinks.clickhouse.delivery.batch import Batches, Entry, Limits, Place
from sinks.clickhouse.delivery.delivery import Delivery
from sinks.clickhouse.delivery.fault_point import FaultPoint, FaultPoints
from sinks.clickhouse.delivery.intake import Intake
from sinks.clickhouse.delivery.intent import intent_of
from sinks.clickhouse.delivery.mapper import Mapper
from sinks.clickhouse.delivery.readiness import faults_of
from sinks.clickhouse.delivery.writer import Writer
from sinks.clickhouse.mapping.tables import TABLES
from sinks.dead_letter_writer import DeadLetterWriter

STAGE = "sink clickhouse"
LONGEST_WAIT_MS = 500.0
POLL_RECORDS = 2_000
LAG_EVERY_MS = 2_000.0
Chore = Callable[[], None]
log = structlog.get_logger()


class ClickHouseSink:
    """One member of the sink's consumer group. Making one raises Unavailable when Kafka or the registry is away.

    `chores` are done once in every round, between deliveries; each decides for itself whether it is due.
    """

    def __init__(
        self,
        settings: ClickHouseSettings,
        writer: Writer,
        clock: Clock,
        *,
        faults: FaultPoints | None = None,
        readiness: Readiness | None = None,
        chores: Sequence[Chore] = (),
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._readiness = readiness or Readiness()
        self._chores = chores
        self._faults = faults or FaultPoints("")
        self._batches = Batches(Limits(rows=settings.clickhouse_batch_rows, age_ms=settings.clickhouse_batch_ms))
        self._assigned: set[Place] = set()
        self._lag_due_ms = 0.0
        registry = Registry(settings.schema_registry_url)
        registry.demand_answer()
        self._intake = Intake(
            settings,
            TABLES,
            STAGE,
            on_assigned=self._open,
            on_revoked=self._hand_over,
            on_lost=self._forget,
        )
        self._delivery = Delivery(
            self._intake,
            Mapper(Codec(registry), STAGE),
            writer,
            DeadLetterWriter(settings.kafka_bootstrap_servers, STAGE),
            clock=clock,
            stage=STAGE,
            faults=self._faults,
        )

    def run(self, stopping: Callable[[], bool]) -> None:
        """Until `stopping`; then write what is here, once, and leave the group."""
        try:
            while not stopping():
                self._round()
            self._cut(all_=True)
            self._delivery.advance()
        finally:
            self._intake.close()
            self._delivery.close()
            self._writer.close()

    def _round(self) -> None:
        self._intake.poll(self._wait_ms() / 1000, POLL_RECORDS, self._take)
        self._ask_what_was_left()
        self._cut()
        self._delivery.advance()
        self._intake.hold(self._batches.full())
        for chore in self._chores:
            chore()
        self._tell()

    def _take(self, place: Place, entry: Entry) -> None:
        self._batches.add(place, entry, self._clock.monotonic_ms())

    def _ask_what_was_left(self) -> None:
        """Before a new partition gives its first batch: was an earlier process about to insert something?"""
        left = self._intake.left(self._batches.unknown)
        for place, mark in (left or {}).items():
            if mark.offset >= 0:
                self._delivery.committed[place] = mark.offset
            self._batches.left(place, intent_of(mark.metadata))

    def _cut(self, *, all_: bool = False) -> None:
        due = self._batches.take_due(self._clock.monotonic_ms(), self._delivery.busy, all_=all_)
        if due:
            self._faults.reach(FaultPoint.AFTER_POLL)
        self._delivery.take(due)

    def _open(self, places: list[Place]) -> None:
        self._assigned.update(places)
        self._batches.open(places)
        log.info("partitions_assigned", stage=STAGE, partitions=len(places))

    def _hand_over(self, places: list[Place]) -> None:
        """Nothing is under way between two polls; what is written and not committed yet may be, while they are ours."""
        self._delivery.settle(places)
        self._forget(places)

    def _forget(self, places: list[Place]) -> None:
        self._assigned.difference_update(places)
        self._intake.forget(places)
        self._batches.forget(places)
        self._delivery.forget(places)

    def _tell(self) -> None:
        now_ms = self._clock.monotonic_ms()
        PROGRESS_AT.labels(STAGE).set(self._clock.now_us() / 1e6)
        faults = faults_of(self._delivery.outages, now_ms)
        for name in self._readiness.faults.keys() - faults.keys():
            self._readiness.mended(name)
        for name, reason in faults.items():
            self._readiness.fault(name, reason)
        if now_ms >= self._lag_due_ms:
            self._lag_due_ms = now_ms + LAG_EVERY_MS
            self._tell_lag()

    def _tell_lag(self) -> None:
        lags = dict.fromkeys(TABLES, 0)
        for place in self._assigned & self._delivery.committed.keys():
            end = self._intake.end(place)
            if end is None:
                return  # the broker is away: what was told last stands
            lags[place[0]] += max(0, end - self._delivery.committed[place])
        for topic, lag in lags.items():
            LAG.labels(STAGE, topic).set(lag)

    def _wait_ms(self) -> float:
        """How long the log may take to bring something before there is other work."""
        dues = (self._batches.deadline_ms(self._delivery.busy), self._delivery.outages.retry_at_ms())
        due_ms = min((due for due in dues if due is not None), default=None)
        if due_ms is None:
            return LONGEST_WAIT_MS
        return min(LONGEST_WAIT_MS, max(0.0, due_ms - self._clock.monotonic_ms()))
