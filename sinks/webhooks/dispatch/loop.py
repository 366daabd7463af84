"""From webhook.deliveries to the lanes, and the offsets that come of it: one member of the dispatching group."""

import asyncio
from collections.abc import Mapping

import structlog

from schemas.events import WebhookDelivery
from schemas.settings import WebhookSettings
from schemas.telemetry import PROGRESS_AT
from schemas.timebase import Clock
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES
from sinks.webhooks.dispatch.dispatcher import Dispatcher
from sinks.webhooks.dispatch.progress import Commit
from sinks.webhooks.dispatch.restore import DISPATCHED, left_of_dispatch
from sinks.webhooks.log.intake import Batch, Commits, Intake
from sinks.webhooks.log.writer import LogWriter

STAGE = "sink webhooks"
POLL_S = 0.1
COMMIT_EVERY_US = 500_000
MOST_UNPARKED = 1_000
MOMENT_S, MOMENTS = 0.01, 100
REVOKE_GRACE_S = 3.0
log = structlog.get_logger()


class DispatchLoop:
    """Feeds the dispatcher until `stop`. Reading pauses while more than a thousand deliveries hold offsets back."""

    def __init__(self, settings: WebhookSettings, dispatcher: Dispatcher, writer: LogWriter, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._writer = writer
        self._clock = clock
        self._stopping = False
        self._commit_due_us = 0
        self.intake = Intake(settings, STAGE, settings.dispatch_group, (WEBHOOK_DELIVERIES,), self._hand_over)

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        """Raises Unavailable when Kafka or the registry is away."""
        async with self.intake as intake:
            await intake.demand_likeness(DISPATCHED)
            while not self._stopping:
                await self._turn_once(intake)
            await self._dispatcher.stop(REVOKE_GRACE_S)
            await self._settle()
            await intake.commit(_commits(self._dispatcher.commits()))

    async def _turn_once(self, intake: Intake) -> None:
        batch = await intake.poll(POLL_S)
        for partition in batch.assigned:
            self._dispatcher.take_over(await intake.left(left_of_dispatch, partition))
        if batch.assigned:
            await self._settle()
        self._take(batch)
        now_us = self._clock.now_us()
        if now_us >= self._commit_due_us:
            self._commit_due_us = now_us + COMMIT_EVERY_US
            await intake.commit(_commits(self._dispatcher.commits()))
        await intake.hold(not await self._room())
        PROGRESS_AT.labels(STAGE).set(now_us / 1e6)

    async def _room(self) -> bool:
        """Whether there is room for more, if need be in a moment: of a paused partition the client forgets what it fetched."""
        for _ in range(MOMENTS):
            if self._dispatcher.unparked <= MOST_UNPARKED:
                return True
            await asyncio.sleep(MOMENT_S)
        return False

    def _take(self, batch: Batch) -> None:
        now_us = self._clock.now_us()
        for dead in batch.dead:
            self._dispatcher.pass_by(dead.partition, dead.offset)
        for read in batch.records:
            assert isinstance(read.record, WebhookDelivery)
            self._dispatcher.push(read.partition, read.offset, read.record, now_us)
        self._dispatcher.go_on()

    async def _hand_over(self, partitions: frozenset[int]) -> Commits:
        """Other processes get these partitions: let tries end, have all on the log, and say what to commit in leaving."""
        await self._dispatcher.end(partitions, REVOKE_GRACE_S)
        await self._settle()
        commits = _commits(self._dispatcher.commits(partitions))
        self._dispatcher.forget(partitions)
        return commits

    async def _settle(self) -> None:
        try:
            await asyncio.wait_for(self._writer.settled(), REVOKE_GRACE_S)
        except TimeoutError:
            log.warning("broker_slow_to_acknowledge", stage=STAGE)


def _commits(commits: Mapping[int, Commit]) -> Commits:
    offsets: dict[tuple[str, int], int] = {}
    notes: dict[tuple[str, int], str] = {}
    for partition, commit in commits.items():
        if commit.deliveries is not None:
            offsets[WEBHOOK_DELIVERIES.name, partition] = commit.deliveries
            notes[WEBHOOK_DELIVERIES.name, partition] = commit.note
        if commit.attempts is not None:
            offsets[WEBHOOK_ATTEMPTS.name, partition] = commit.attempts
    return Commits(offsets, notes)
