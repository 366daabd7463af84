"""Which delivery is tried now, which waits where, and which lanes are parked. Pure: time comes in, decisions come out.

Rules:
1. A lane moves on when its head is delivered, given up or skipped, never before: first deliveries arrive in order.
2. A lane whose head has to wait is parked whole, and what arrives for it later too; so is what has waited too long. An
   endpoint that is down holds back neither offsets nor partitions.
3. Of parked deliveries only offsets are kept, but for the first few of a lane that is being worked off.
4. Endpoints share nothing but the process: each has its own places, rate and breaker.
"""

import heapq
from collections import deque
from collections.abc import Collection, Iterable
from itertools import count

from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.vocabulary import DeliveryTrigger, Ordering
from sinks.webhooks.attempt import SETTLED, attempt_of
from sinks.webhooks.lane import NONE_YET, Lane, LaneKey
from sinks.webhooks.parking import ParkedPlace, Write, park, unpark
from sinks.webhooks.pending import Pending
from sinks.webhooks.retry_policy import GONE, SECOND_US, Answer
from sinks.webhooks.terms import Terms, TermsOf
from sinks.webhooks.traffic import Traffic

LONGEST_UNPARKED_US = 5 * SECOND_US
UNPARKED_PLACES = 16
"""Deliveries an endpoint that has parked ones may keep out of the parking."""
LOADED_AHEAD = 16
ASKED_FOR = {DeliveryTrigger.RESEND, DeliveryTrigger.RECOVER}
"""A person wants the lane to go on: a head that is held is tried at once."""
LONGEST_FAILING_US = 5 * 86_400 * SECOND_US
Try = tuple[Pending, bool]
"""A head, and whether it is to be skipped instead of tried: its endpoint is gone or disabled."""


class Scheduler:
    """All lanes of one process. Tell it what happens, then take `start`, `take_writes` and `take_wanted`, until `deadline_us`.

    `push` and `restore` add deliveries, `answered` and `broken_off` end a try that `start` gave out, `loaded` brings bodies
    that were wanted, `drop` gives partitions up, `terms_changed` says that an endpoint is to be looked at anew.
    """

    def __init__(self, terms_of: TermsOf) -> None:
        self._terms_of = terms_of
        self._endpoints: dict[str, Traffic] = {}
        self._ready: list[tuple[int, int, Traffic]] = []
        self._order = count()
        self._arrived: deque[tuple[int, Traffic, Lane, int]] = deque()
        self._writes: list[Write] = []
        self._wanted: dict[tuple[int, int], tuple[Traffic, Lane]] = {}
        self._new_wanted: list[tuple[int, int]] = []
        self._closings: list[tuple[str, str]] = []
        self._frozen: set[int] = set()

    @property
    def unparked(self) -> int:
        """Deliveries that hold offsets back."""
        return sum(traffic.unparked for traffic in self._endpoints.values())

    @property
    def parked(self) -> int:
        return sum(traffic.parked for traffic in self._endpoints.values())

    def __len__(self) -> int:
        return self.unparked + self.parked

    def traffic(self, endpoint_id: str) -> Traffic:
        if endpoint_id not in self._endpoints:
            self._endpoints[endpoint_id] = Traffic(endpoint_id, self._terms(endpoint_id))
        return self._endpoints[endpoint_id]

    def push(self, pending: Pending, now_us: int) -> None:
        """The next record of its partition, neither settled nor parked."""
        traffic = self.traffic(pending.delivery.endpoint_id)
        lane = _lane(traffic, pending.delivery.bot_id, pending.delivery.ordering, pending.partition, pending.offset)
        if pending.delivery.trigger in ASKED_FOR and traffic.gave_up(lane):
            self._make_due(traffic, lane, now_us)
        if len(lane.beyond) or pending.offset <= lane.parked_to:
            # behind parked ones; one that lies before them was lost from the parking by a process since dead
            lane.beyond.append(pending.offset)
            self._write_parked(traffic, lane, pending, now_us)
            return
        lane.loaded.append(pending)
        traffic.unparked += 1
        if len(lane) == 1:
            lane.attempts, lane.due_us = pending.attempts, pending.due_us
            self._queue(traffic, lane, now_us)
        if lane.due_us > now_us or not traffic.closed or (traffic.parked and traffic.unparked > UNPARKED_PLACES):
            self._park(traffic, lane, now_us)
        else:
            self._arrived.append((now_us, traffic, lane, pending.offset))

    def restore(self, parked: Iterable[ParkedPlace], now_us: int) -> None:
        """What a partition's last process left parked, in order of offset, before anything of it is pushed."""
        for place in parked:
            traffic = self.traffic(place.endpoint_id)
            lane = _lane(traffic, place.bot_id, place.ordering, place.partition, place.offset)
            alone = not len(lane)
            lane.beyond.append(place.offset)
            lane.parked_to = place.offset
            traffic.parked += 1
            if place.failing_since_us is not None:
                traffic.failing_since_us = min(place.failing_since_us, traffic.failing_since_us or now_us)
            if alone:
                lane.attempts, lane.due_us = place.attempts, place.due_us
                self._queue(traffic, lane, now_us)

    def start(self, now_us: int) -> list[Try]:
        """Heads to try now. Each is under way until it is `answered`, `skipped` or `broken_off`."""
        self._park_what_waited(now_us)
        started: list[Try] = []
        while self._ready and self._ready[0][0] <= now_us:
            listed_us, _, traffic = heapq.heappop(self._ready)
            if traffic.listed_us != listed_us:
                continue
            traffic.listed_us = None
            while (lane := traffic.next(now_us)) is not None:
                self._begin(traffic, lane, now_us, started)
            self._list(traffic, now_us)
        return started

    @property
    def deadline_us(self) -> int | None:
        """When to call `start` again though nothing happened."""
        ready_us = self._ready[0][0] if self._ready else None
        parks_us = self._arrived[0][0] + LONGEST_UNPARKED_US if self._arrived else None
        return min((us for us in (ready_us, parks_us) if us is not None), default=None)

    def answered(self, tried: Pending, answer: Answer, started_at_us: int, now_us: int) -> WebhookAttempt:
        """The record of a try that ended. Its lane goes on, or waits."""
        traffic = self.traffic(tried.delivery.endpoint_id)
        attempt = attempt_of(tried, answer, traffic.terms, started_at_us, now_us)
        opened = traffic.answered(answer, now_us)
        self._ended(traffic, tried, attempt, now_us)
        if opened:
            for lane in list(traffic.waiting()):
                self._park(traffic, lane, now_us)
        if traffic.terms and answer.status == GONE:
            self._close(traffic, "gone", now_us)
        elif traffic.terms and traffic.failing_for_us(now_us) >= LONGEST_FAILING_US:
            self._close(traffic, "failing", now_us)
        self._list(traffic, now_us)
        return attempt

    def skipped(self, head: Pending, now_us: int) -> WebhookAttempt:
        """The record of a head that `start` gave out to be skipped."""
        traffic = self.traffic(head.delivery.endpoint_id)
        reason = "removed" if self._terms_of(traffic.endpoint_id) is None else "disabled"
        attempt = attempt_of(head, Answer(0, reason, 0), None, now_us, now_us)
        traffic.under_way -= 1
        self._ended(traffic, head, attempt, now_us)
        self._list(traffic, now_us)
        return attempt

    def broken_off(self, tried: Pending, now_us: int) -> None:
        """A try ended without an answer, by our own doing: it leaves no record and is made again."""
        traffic = self.traffic(tried.delivery.endpoint_id)
        traffic.broken_off()
        lane = _lane_of(traffic, tried)
        if lane:
            lane.under_way = False
            self._queue(traffic, lane, now_us)
        self._list(traffic, now_us)

    def take_closings(self) -> list[tuple[str, str]]:
        """(endpoint_id, reason) of endpoints that are to be disabled; what is due for them is skipped from here on."""
        closings, self._closings = self._closings, []
        return closings

    def take_writes(self) -> list[Write]:
        """What to write to webhook.parked, in order."""
        writes, self._writes = self._writes, []
        return writes

    def take_wanted(self) -> list[tuple[int, int]]:
        """(partition, offset) of deliveries whose bodies are needed; answer with `loaded` or `missing`."""
        wanted, self._new_wanted = self._new_wanted, []
        return wanted

    def loaded(self, partition: int, offset: int, delivery: WebhookDelivery, now_us: int) -> None:
        """A body that was wanted. Those of one lane come in order of offset."""
        owner = self._fetched(partition, offset)
        if owner is None:
            return
        traffic, lane = owner
        lane.beyond.pop()
        lane.loaded.append(Pending(partition, offset, delivery))
        if not lane.ticket and not lane.under_way:
            self._queue(traffic, lane, now_us)

    def missing(self, partition: int, offset: int, now_us: int) -> None:
        """A body that was wanted is no longer on the log: its lane goes on without it."""
        owner = self._fetched(partition, offset)
        if owner is None:
            return
        traffic, lane = owner
        lane.beyond.pop()
        traffic.parked -= 1
        self._writes.append(unpark(partition, offset))
        if not lane.loaded:
            lane.attempts = 0
            self._next_head(traffic, lane, now_us)

    def freeze(self, partitions: Collection[int]) -> None:
        """Start nothing more of these partitions; what is under way may still be answered."""
        self._frozen |= set(partitions)

    def drop(self, partitions: Collection[int], now_us: int) -> None:
        """Another process has these partitions: forget all about them."""
        for traffic in self._endpoints.values():
            for key, lane in [(key, lane) for key, lane in traffic.lanes.items() if lane.partition in partitions]:
                unparked = sum(1 for _ in lane.unparked())
                traffic.unparked -= unparked
                traffic.parked -= len(lane) - unparked
                lane.ticket = 0
                traffic.fetching -= lane.awaited
                del traffic.lanes[key]
            self._list(traffic, now_us)
        self._wanted = {place: owner for place, owner in self._wanted.items() if place[0] not in partitions}
        self._frozen -= set(partitions)

    def terms_changed(self, endpoint_ids: Iterable[str], now_us: int) -> None:
        """Serve these endpoints by their new terms. Heads that are to be skipped, or were held, are due at once."""
        for endpoint_id in endpoint_ids:
            self._agree(self.traffic(endpoint_id), self._terms(endpoint_id), now_us)

    def _begin(self, traffic: Traffic, lane: Lane, now_us: int, started: list[Try]) -> None:
        lane.ticket = 0
        if lane.partition in self._frozen:
            return
        if not lane.loaded:
            traffic.fetching += 1
            lane.awaited = True
            self._want(traffic, lane)
            return
        lane.under_way = True
        traffic.started(now_us)
        started.append((lane.head(), traffic.terms is None))

    def _ended(self, traffic: Traffic, tried: Pending, attempt: WebhookAttempt, now_us: int) -> None:
        lane = _lane_of(traffic, tried)
        if lane is None:
            return
        lane.under_way = False
        if attempt.outcome in SETTLED:
            self._settle_head(traffic, lane, now_us)
            return
        known = lane.first <= lane.parked_to
        lane.attempts, lane.due_us = attempt.attempt, attempt.next_attempt_at_us or now_us
        if known:
            self._writes.append(park(lane.head(), traffic.failing_since_us, now_us))
        self._park(traffic, lane, now_us)
        self._queue(traffic, lane, now_us)

    def _settle_head(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        head = lane.pop()
        if head.offset <= lane.parked_to:
            traffic.parked -= 1
            self._writes.append(unpark(head.partition, head.offset))
        else:
            traffic.unparked -= 1
        self._next_head(traffic, lane, now_us)

    def _next_head(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        if not len(lane):
            lane.ticket = 0
            del traffic.lanes[lane.key]
            return
        if len(lane.loaded) <= LOADED_AHEAD // 2:
            self._want(traffic, lane)
        lane.due_us = now_us
        self._queue(traffic, lane, now_us)

    def _park(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        """All of the lane, and keep as few bodies of it as will do."""
        for pending in list(lane.unparked()):
            self._write_parked(traffic, lane, lane.head() if pending is lane.loaded[0] else pending, now_us)
            traffic.unparked -= 1
        if lane.under_way or lane.fetching:
            return
        waits = lane.due_us > now_us or not traffic.closed
        lane.unload(0 if waits else LOADED_AHEAD)

    def _write_parked(self, traffic: Traffic, lane: Lane, pending: Pending, now_us: int) -> None:
        self._writes.append(park(pending, traffic.failing_since_us, now_us))
        lane.parked_to = max(lane.parked_to, pending.offset)
        traffic.parked += 1

    def _park_what_waited(self, now_us: int) -> None:
        while self._arrived and self._arrived[0][0] + LONGEST_UNPARKED_US <= now_us:
            _, traffic, lane, offset = self._arrived.popleft()
            if traffic.lanes.get(lane.key) is lane and any(pending.offset == offset for pending in lane.unparked()):
                self._park(traffic, lane, now_us)

    def _want(self, traffic: Traffic, lane: Lane) -> None:
        if lane.fetching:
            return
        for offset in lane.beyond.peek(LOADED_AHEAD):
            lane.fetching += 1
            self._wanted[lane.partition, offset] = (traffic, lane)
            self._new_wanted.append((lane.partition, offset))

    def _fetched(self, partition: int, offset: int) -> tuple[Traffic, Lane] | None:
        """Whose body this is, while it is still the next one missing there."""
        traffic, lane = self._wanted.pop((partition, offset), (None, None))
        if traffic is None or lane is None:
            return None
        lane.fetching -= 1
        if lane.awaited:
            lane.awaited = False
            traffic.fetching -= 1
        return (traffic, lane) if len(lane.beyond) and lane.beyond.first == offset else None

    def _queue(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        if not lane.awaited:
            traffic.queue(lane)
        self._list(traffic, now_us)

    def _list(self, traffic: Traffic, now_us: int) -> None:
        """Have `start` look at the endpoint when it has something."""
        ready_us = traffic.ready_us(now_us)
        if ready_us is not None and (traffic.listed_us is None or ready_us < traffic.listed_us):
            traffic.listed_us = ready_us
            heapq.heappush(self._ready, (ready_us, next(self._order), traffic))

    def _close(self, traffic: Traffic, reason: str, now_us: int) -> None:
        self._closings.append((traffic.endpoint_id, reason))
        self._agree(traffic, None, now_us)

    def _agree(self, traffic: Traffic, terms: Terms | None, now_us: int) -> None:
        traffic.agree(terms)
        for lane in traffic.waiting():
            if terms is None or traffic.gave_up(lane):
                self._make_due(traffic, lane, now_us)
        self._list(traffic, now_us)

    def _make_due(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        lane.due_us = now_us
        if lane.ticket:
            self._queue(traffic, lane, now_us)

    def _terms(self, endpoint_id: str) -> Terms | None:
        terms = self._terms_of(endpoint_id)
        return terms if terms and terms.enabled else None


def _lane(traffic: Traffic, bot_id: str, ordering: Ordering, partition: int, offset: int) -> Lane:
    key: LaneKey = (bot_id, offset if ordering is Ordering.NONE else NONE_YET)
    if key not in traffic.lanes:
        traffic.lanes[key] = Lane(key, partition)
    return traffic.lanes[key]


def _lane_of(traffic: Traffic, tried: Pending) -> Lane | None:
    """The lane whose head `tried` is; None when its partition was dropped in the meantime."""
    key: LaneKey = (tried.delivery.bot_id, tried.offset if tried.delivery.ordering is Ordering.NONE else NONE_YET)
    lane = traffic.lanes.get(key)
    return lane if lane and lane.under_way and lane.loaded and lane.loaded[0].offset == tried.offset else None
