"""Tries the heads of the lanes, puts every try on `webhook.attempts`, and what nobody took on the dead letters."""

import asyncio
from collections.abc import Callable, Collection

import structlog

from schemas.errors import InvalidRecord
from schemas.events import WebhookAttempt
from schemas.telemetry import WEBHOOK_ATTEMPTS as ATTEMPTS_COUNTER
from schemas.timebase import Clock
from schemas.topics import WEBHOOK_ATTEMPTS
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.delivery import Poster
from sinks.webhooks.endpoint import Endpoint
from sinks.webhooks.lanes import Lanes
from sinks.webhooks.log_writer import LogWriter
from sinks.webhooks.pending import Pending

LONGEST_NAP_S = 60.0
AttemptHook = Callable[[int, int, WebhookAttempt], None]
log = structlog.get_logger()


class Dispatcher:
    """Runs until `stop`. `on_attempt` hears partition, offset and record of every try that is on the log."""

    def __init__(
        self,
        lanes: Lanes,
        endpoint: Endpoint,
        poster: Poster,
        writer: LogWriter,
        clock: Clock,
        on_attempt: AttemptHook,
    ) -> None:
        self._lanes = lanes
        self._endpoint = endpoint
        self._poster = poster
        self._writer = writer
        self._clock = clock
        self._on_attempt = on_attempt
        self._wake = asyncio.Event()
        self._stopping = False
        self._under_way: dict[asyncio.Task[None], int] = {}

    def __len__(self) -> int:
        """Deliveries that are not settled."""
        return len(self._lanes)

    def push(self, pending: Pending) -> None:
        self._lanes.push(pending)
        self._wake.set()

    async def run(self, tries: asyncio.TaskGroup) -> None:
        """Start what is due, sleep until something is. A try that fails for a reason of ours ends the whole group."""
        while not self._stopping:
            self._wake.clear()
            for head in self._lanes.due(self._clock.now_us()):
                task = tries.create_task(self._try(head))
                self._under_way[task] = head.partition
                task.add_done_callback(self._under_way.pop)
            await self._nap()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def stop(self) -> None:
        """Start nothing more; `run` ends when the tries under way have."""
        self._stopping = True
        self._wake.set()

    async def drop(self, partitions: Collection[int], grace_s: float) -> None:
        """Another process gets these partitions: let their tries end, break off those that take longer than `grace_s`."""
        self._lanes.drop(partitions)
        tasks = [task for task, partition in self._under_way.items() if partition in partitions]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()

    async def _nap(self) -> None:
        due_us = self._lanes.next_due_us
        nap_s = LONGEST_NAP_S if due_us is None else (due_us - self._clock.now_us()) / 1e6
        try:
            async with asyncio.timeout(min(max(nap_s, 0.0), LONGEST_NAP_S)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _try(self, head: Pending) -> None:
        recorded = None
        try:
            recorded = await self._make_try(head)
        finally:
            self._lanes.move_on(head, recorded)
            self._wake.set()

    async def _make_try(self, head: Pending) -> WebhookAttempt:
        started_at_us = self._clock.now_us()
        answer = await self._poster.post(self._endpoint, head.delivery)
        attempt = self._lanes.answered(head, answer, started_at_us, self._clock.now_us())
        ATTEMPTS_COUNTER.labels(attempt.outcome.value, attempt.error_class).inc()
        if attempt.outcome is not AttemptOutcome.DELIVERED:
            _log_failure(attempt)
        if attempt.outcome is AttemptOutcome.EXHAUSTED:
            await self._bury(head, attempt)
        offset = await self._writer.write(WEBHOOK_ATTEMPTS, attempt, head.partition)
        self._on_attempt(head.partition, offset, attempt)
        return attempt

    async def _bury(self, head: Pending, attempt: WebhookAttempt) -> None:
        error = InvalidRecord(f"given up after try {attempt.attempt}: {attempt.error_class}", error_class="exhausted")
        await self._writer.bury(head, error, self._clock.now_us())


def _log_failure(attempt: WebhookAttempt) -> None:
    log.warning(
        "webhook_attempt_failed",
        delivery_id=attempt.delivery_id,
        bot_id=attempt.bot_id,
        event_type=attempt.event_type,
        attempt=attempt.attempt,
        outcome=attempt.outcome.value,
        status=attempt.status,
        error_class=attempt.error_class,
        next_attempt_at_us=attempt.next_attempt_at_us,
    )
