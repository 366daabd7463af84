"""Makes the tries that the scheduler decides on, and takes what comes of them to the log."""

import asyncio
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Protocol

import structlog
from prometheus_client import Counter

from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.telemetry import WEBHOOK_ATTEMPTS as ATTEMPTS_COUNTER
from schemas.telemetry import WEBHOOK_DELIVERIES_WAITING, WEBHOOK_ENDPOINTS_DISABLED
from schemas.timebase import Clock
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.dispatch.outcome_log import OutcomeLog
from sinks.webhooks.dispatch.progress import Commit, Progress
from sinks.webhooks.dispatch.scheduler import Scheduler
from sinks.webhooks.dispatch.takeover import LeftBehind, take_over
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import Answer
from sinks.webhooks.log.pending import Pending
from sinks.webhooks.parking.refetch import Body, Place

LONGEST_NAP_US = 60_000_000
log = structlog.get_logger()


class Posts(Protocol):
    """Makes one try; never raises for what the other side does."""

    async def post(self, endpoint: Endpoint, delivery: WebhookDelivery) -> Answer: ...


class Bodies(Protocol):
    """Reads deliveries again from where they lie."""

    async def bodies(self, places: Sequence[Place]) -> list[Body]: ...


class Dispatcher:
    """Partitions are taken over, fed with `push`, handed over; in between everything happens by itself.

    `closings` hears (endpoint_id, reason) of endpoints that are served no longer.
    """

    def __init__(self, book: EndpointBook, poster: Posts, outcomes: OutcomeLog, bodies: Bodies, clock: Clock) -> None:
        self._book = book
        self._poster = poster
        self._outcomes = outcomes
        self._bodies = bodies
        self._clock = clock
        self._scheduler = Scheduler(book.terms)
        self._under_way: dict[asyncio.Task[None], Pending] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us = 0
        self._fetching = False
        self._stopping = False
        self._going_on = False
        self._tried: dict[Place, tuple[int, int]] = {}
        self.closings: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def run(self, tasks: asyncio.TaskGroup) -> None:
        """Lend the dispatcher a group to run tries in: one that fails for a reason of ours ends the whole group."""
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self.go_on()

    @property
    def unparked(self) -> int:
        """Deliveries that hold offsets back."""
        return self._scheduler.unparked

    def __len__(self) -> int:
        """Deliveries that are not settled."""
        return len(self._scheduler)

    def take_over(self, left: LeftBehind) -> None:
        """Begin where the last process ended. Repairs of the parking are written before anything is committed."""
        taken, progress = take_over(left), Progress()
        progress.start(left.start, left.attempts_end, taken.settled)
        self._outcomes.progress[left.partition] = progress
        self._outcomes.write_parked(taken.writes)
        self._tried |= {(left.partition, offset): tries for offset, tries in taken.tried.items()}
        self._scheduler.restore(taken.parked, self._clock.now_us())
        log.info("partition_taken_over", partition=left.partition, parked=len(taken.parked), start=left.start)

    def push(self, partition: int, offset: int, delivery: WebhookDelivery, now_us: int) -> None:
        """The next record of a partition that was taken over; `go_on` after a batch of them."""
        if self._outcomes.progress[partition].take(offset):
            attempts, due_us = self._tried.pop((partition, offset), (0, 0)) if self._tried else (0, 0)
            self._scheduler.push(Pending(partition, offset, delivery, attempts, due_us), now_us)

    def pass_by(self, partition: int, offset: int) -> None:
        """The record there is unreadable and on the dead letters."""
        self._outcomes.progress[partition].pass_by(offset)

    def commits(self, partitions: Collection[int] | None = None) -> dict[int, Commit]:
        return {
            number: progress.commit()
            for number, progress in self._outcomes.progress.items()
            if partitions is None or number in partitions
        }

    def endpoints_changed(self, endpoint_ids: Collection[str]) -> None:
        self._scheduler.terms_changed(endpoint_ids, self._clock.now_us())
        self.go_on()

    def go_on(self) -> None:
        """Start what is due, write down what was decided, and come back when something is due."""
        self._going_on = False
        now_us = self._clock.now_us()
        for head, skip in () if self._stopping else self._scheduler.start(now_us):
            if skip:
                self._record(head, self._scheduler.skipped(head, now_us))
                continue
            task = self._tasks.create_task(self._try(head))
            self._under_way[task] = head
            task.add_done_callback(self._under_way.pop)
        self._follow_up(now_us)

    def _go_on_soon(self) -> None:
        """Once for all answers that the loop found together."""
        if not self._going_on:
            self._going_on = True
            self._loop.call_soon(self.go_on)

    async def end(self, partitions: Collection[int], grace_s: float) -> None:
        """Start nothing more of `partitions`; let their tries end, break off those that take longer than `grace_s`."""
        self._scheduler.freeze(partitions)
        tasks = [task for task, head in self._under_way.items() if head.partition in partitions]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def forget(self, partitions: Collection[int]) -> None:
        """Another process has these partitions now."""
        self._scheduler.drop(partitions, self._clock.now_us())
        for partition in partitions:
            self._outcomes.progress.pop(partition, None)

    async def stop(self, grace_s: float) -> None:
        self._stopping = True
        await self.end({head.partition for head in self._under_way.values()}, grace_s)
        if self._timer:
            self._timer.cancel()

    async def _try(self, head: Pending) -> None:
        started_at_us = self._clock.now_us()
        endpoint = self._book.endpoint(head.delivery.endpoint_id)
        try:
            answer = await self._poster.post(endpoint, head.delivery) if endpoint else Answer(0, "endpoint_removed", 0)
        except asyncio.CancelledError:
            self._scheduler.broken_off(head, self._clock.now_us())
            raise
        self._record(head, self._scheduler.answered(head, answer, started_at_us, self._clock.now_us()))
        self._go_on_soon()

    def _record(self, head: Pending, attempt: WebhookAttempt) -> None:
        _counter(attempt.outcome.value, attempt.error_class).inc()
        if attempt.outcome is not AttemptOutcome.DELIVERED:
            _log_failure(attempt)
        self._outcomes.record(head, attempt, self._scheduler.take_writes())

    def _follow_up(self, now_us: int) -> None:
        self._outcomes.write_parked(self._scheduler.take_writes())
        for endpoint_id, reason in self._scheduler.take_closings():
            self._book.close(endpoint_id)
            WEBHOOK_ENDPOINTS_DISABLED.labels(reason).inc()
            log.error("webhook_endpoint_disabled", endpoint_id=endpoint_id, reason=reason)
            self.closings.put_nowait((endpoint_id, reason))
        if not self._fetching:
            self._fetch()
        self._set_timer(now_us)

    def _fetch(self) -> None:
        wanted = self._scheduler.take_wanted()
        self._fetching = bool(wanted)
        if wanted:
            self._tasks.create_task(self._bring(wanted))

    async def _bring(self, wanted: Sequence[Place]) -> None:
        found = await self._bodies.bodies(wanted)
        now_us = self._clock.now_us()
        for (partition, offset), delivery in found:
            if delivery is None:
                log.error("webhook_delivery_expired", partition=partition, offset=offset)
                self._scheduler.missing(partition, offset, now_us)
            else:
                self._scheduler.loaded(partition, offset, delivery, now_us)
        self._fetching = False
        self.go_on()

    def _set_timer(self, now_us: int) -> None:
        due_us = min(self._scheduler.deadline_us or now_us + LONGEST_NAP_US, now_us + LONGEST_NAP_US)
        if self._timer and not self._timer.cancelled() and now_us < self._timer_us <= due_us:
            return
        if self._timer:
            self._timer.cancel()
        self._timer_us = due_us
        self._timer = self._loop.call_later(max(0.0, (due_us - now_us) / 1e6), self._wake)

    def _wake(self) -> None:
        self._timer = None
        WEBHOOK_DELIVERIES_WAITING.labels("parked").set(self._scheduler.parked)
        WEBHOOK_DELIVERIES_WAITING.labels("unparked").set(self._scheduler.unparked)
        self.go_on()


@lru_cache(256)
def _counter(outcome: str, error_class: str) -> Counter:
    return ATTEMPTS_COUNTER.labels(outcome, error_class)


def _log_failure(attempt: WebhookAttempt) -> None:
    log.warning(
        "webhook_attempt_failed",
        delivery_id=attempt.delivery_id,
        endpoint_id=attempt.endpoint_id,
        bot_id=attempt.bot_id,
        event_type=attempt.event_type,
        attempt=attempt.attempt,
        outcome=attempt.outcome.value,
        status=attempt.status,
        error_class=attempt.error_class,
        next_attempt_at_us=attempt.next_attempt_at_us,
    )
