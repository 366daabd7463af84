"""Which delivery may be tried now: one first-in-first-out lane for each (endpoint, bot), only its head under way. Pure.

A lane moves on when its head is delivered or given up, never before, so first deliveries arrive in order.
"""

import heapq
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from schemas.events import WebhookAttempt
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.pending import Pending
from sinks.webhooks.retry_policy import Answer, RetryPolicy

LaneKey = tuple[str, str]


@dataclass
class Lane:
    """The deliveries of one bot to one endpoint; `under_way` is said of the first."""

    queue: deque[Pending] = field(default_factory=deque)
    under_way: bool = False


class Lanes:
    """`push` deliveries, make the tries that are `due`, tell what was `answered`, put that on the log, then `move_on`."""

    def __init__(self, policy: RetryPolicy, *, concurrency: int) -> None:
        self._policy = policy
        self._free = concurrency
        self._lanes: dict[LaneKey, Lane] = {}
        self._heads: list[tuple[int, LaneKey]] = []

    def __len__(self) -> int:
        """Deliveries that are not settled."""
        return sum(len(lane.queue) for lane in self._lanes.values())

    def push(self, pending: Pending) -> None:
        key = _key(pending)
        lane = self._lanes.setdefault(key, Lane())
        lane.queue.append(pending)
        if len(lane.queue) == 1:
            self._wait(key, pending.due_us)

    def due(self, now_us: int) -> list[Pending]:
        """What to try now, at most as many as may be under way together; the longest due first."""
        heads: list[Pending] = []
        while self._free and self._heads and self._heads[0][0] <= now_us:
            _, key = heapq.heappop(self._heads)
            lane = self._lanes[key]
            lane.under_way = True
            self._free -= 1
            heads.append(lane.queue[0])
        return heads

    @property
    def next_due_us(self) -> int | None:
        """When `due` has something again; None while all places are taken or nothing waits."""
        return self._heads[0][0] if self._free and self._heads else None

    def answered(self, tried: Pending, answer: Answer, started_at_us: int, now_us: int) -> WebhookAttempt:
        """The record of a try that ended: delivered, to be tried again, or given up."""
        delivery, number = tried.delivery, tried.attempts + 1
        again_us = None
        if not answer.delivered:
            again_us = self._policy.next_attempt_at_us(delivery.delivery_id, number, answer, now_us)
        return WebhookAttempt(
            tenant_id=delivery.tenant_id,
            bot_id=delivery.bot_id,
            meeting_id=delivery.meeting_id,
            delivery_id=delivery.delivery_id,
            endpoint_id=delivery.endpoint_id,
            sequence=delivery.sequence,
            event_type=delivery.event_type,
            attempt=number,
            occurred_at_us=started_at_us,
            produced_at_us=now_us,
            outcome=_outcome(answer, again_us),
            status=answer.status,
            error_class=answer.error_class,
            latency_ms=answer.latency_ms,
            response_snippet=answer.snippet,
            next_attempt_at_us=again_us,
        )

    def move_on(self, tried: Pending, attempt: WebhookAttempt | None) -> None:
        """The try's record is on the log: wait for the next try, or go on to the next delivery.

        None stands for a try that was broken off without an answer; the same delivery is due again.
        """
        self._free += 1
        key = _key(tried)
        lane = self._lanes.get(key)
        if lane is None or lane.queue[0] is not tried:
            return
        lane.under_way = False
        if attempt is not None and attempt.outcome is AttemptOutcome.RETRY:
            due_us = attempt.next_attempt_at_us or 0
            lane.queue[0] = replace(tried, attempts=attempt.attempt, due_us=due_us)
        elif attempt is not None:
            lane.queue.popleft()
        if lane.queue:
            self._wait(key, lane.queue[0].due_us)
        else:
            del self._lanes[key]

    def drop(self, partitions: Collection[int]) -> None:
        """Another process has these partitions now."""
        gone = {key for key, lane in self._lanes.items() if lane.queue[0].partition in partitions}
        self._lanes = {key: lane for key, lane in self._lanes.items() if key not in gone}
        self._heads = [head for head in self._heads if head[1] in self._lanes]
        heapq.heapify(self._heads)

    def _wait(self, key: LaneKey, due_us: int) -> None:
        heapq.heappush(self._heads, (due_us, key))


def _key(pending: Pending) -> LaneKey:
    return (pending.delivery.endpoint_id, pending.delivery.bot_id)


def _outcome(answer: Answer, again_us: int | None) -> AttemptOutcome:
    if answer.delivered:
        return AttemptOutcome.DELIVERED
    return AttemptOutcome.EXHAUSTED if again_us is None else AttemptOutcome.RETRY
