"""Carries erasures out, and again whenever rows come back: a process of the sink does it beside its inserts.

The tombstones of an erasure hide its rows from every view at once; here the rows themselves go, and a receipt says how many.
"""

from threading import Event

import structlog

from schemas.errors import EarshotError
from schemas.settings import ClickHouseSettings
from schemas.telemetry import PROCESS_ERRORS, ROWS_ERASED
from schemas.timebase import Clock
from sinks.clickhouse.erasure.erasing import Erasure, Removal, asked, removals, returned, turns_of, unanswered
from sinks.clickhouse.server.adapter import Server
from sinks.clickhouse.server.config import database_of
from sinks.clickhouse.server.lock import held

STAGE = "erasure"
LOCK_WAIT_S = 300.0
log = structlog.get_logger()


class Eraser:
    """Of one thread, with that thread's own connection."""

    def __init__(self, settings: ClickHouseSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._database = database_of(settings)
        self._server = Server(settings)

    def run(self, stopping: Event) -> None:
        """Sweep at every interval until `stopping`. What fails is tried again at the next: the request stays in its table."""
        while not stopping.is_set():
            try:
                self.sweep()
            except EarshotError as error:
                PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
                log.warning("erasure_failed", error=error.message, remedy=error.remedy)
            stopping.wait(self._settings.clickhouse_erasure_sweep_s)
        self.close()

    def close(self) -> None:
        self._server.close()

    def sweep(self) -> int:
        """Carry out what has no receipt and what has rows again; the number of erasures carried out."""
        if not self._due():
            return 0
        with held(self._settings, f"earshot erases in {self._database}", LOCK_WAIT_S):
            due = self._due()
            for erasure in due:
                self._carry_out(erasure)
            return len(due)

    def _due(self) -> list[Erasure]:
        everything = self._erasures(asked(self._database))
        new = set(self._erasures(unanswered(self._database)))
        back = set(self._server.run(returned(self._database))) if everything else set()
        return [one for one in everything if one in new or (one.tenant_id, one.bot_id) in back]

    def _erasures(self, query: str) -> list[Erasure]:
        return [Erasure(*map(str, row)) for row in self._server.run(query)]

    def _carry_out(self, erasure: Erasure) -> None:
        turn_ids = self._bury_turns(erasure) if erasure.participant_id else []
        planned = removals(erasure, turn_ids)
        removed: dict[str, int] = {}
        for removal in planned:
            count = self._count(removal)
            if count:
                self._remove(removal, count)
                removed[removal.table] = removed.get(removal.table, 0) + count
        left = sum(map(self._count, planned))
        self._give_receipt(erasure, removed, left)

    def _bury_turns(self, erasure: Erasure) -> list[str]:
        """The ids of the participant's turns, each with a tombstone of its own before its rows go."""
        turn_ids = [str(turn_id) for (turn_id,) in self._server.run(turns_of(erasure, self._database))]
        if turn_ids:
            whose, since = (erasure.tenant_id, erasure.bot_id), self._clock.now_us()
            rows = [(*whose, turn_id, erasure.participant_id, since) for turn_id in sorted(turn_ids)]
            into = f"{self._database}.tombstones (tenant_id, bot_id, what, participant_id, since)"
            self._server.insert(into, rows, token=f"{erasure.event_id}:{since}")
        return turn_ids

    def _count(self, removal: Removal) -> int:
        [(count,)] = self._server.run(removal.count(self._database))
        return int(str(count))

    def _remove(self, removal: Removal, count: int) -> None:
        for statement in removal.statements(self._database):
            self._server.run(statement)
        ROWS_ERASED.labels(removal.table).inc(count)

    def _give_receipt(self, erasure: Erasure, removed: dict[str, int], left: int) -> None:
        now_us = self._clock.now_us()
        names = "tenant_id, bot_id, participant_id, event_id, carried_out_at, rows_by_table, rows_left"
        whose = (erasure.tenant_id, erasure.bot_id, erasure.participant_id, erasure.event_id)
        row = (*whose, now_us, removed, left)
        into = f"{self._database}.erasure_receipts ({names})"
        self._server.insert(into, [row], token=f"{erasure.event_id}:{now_us}")
        log.info("erasure_carried_out", bot_id=erasure.bot_id, event_id=erasure.event_id, rows=removed, rows_left=left)
