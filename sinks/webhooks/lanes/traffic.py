"""One endpoint as the scheduler sees it: its lanes, whose head is due when, and how much it can take. Pure."""

import heapq
from collections.abc import Collection, Iterator
from itertools import count

from schemas.vocabulary import Ordering
from sinks.webhooks.endpoints.retry_policy import SECOND_US, Answer
from sinks.webhooks.endpoints.terms import Terms
from sinks.webhooks.lanes.breaker import FIRST_OPEN_US, Breaker, State
from sinks.webhooks.lanes.lane import NONE_YET, Lane, LaneKey
from sinks.webhooks.lanes.throttle import Throttle
from sinks.webhooks.log.pending import Pending

OVERLOADED = {429, 502, 503, 504}
TOO_SLOW = {"timeout", "connect_timeout", "read_timeout"}


class Traffic:
    """`terms` None: the endpoint is gone or disabled, and whatever is due is skipped rather than tried."""

    def __init__(self, endpoint_id: str, terms: Terms | None) -> None:
        self.endpoint_id = endpoint_id
        self.lanes: dict[LaneKey, Lane] = {}
        self.under_way = 0
        self.fetching = 0
        self.listed_us: int | None = None
        self.unparked = 0
        self.parked = 0
        self._due: list[tuple[int, int, Lane]] = []
        self._tickets = count(1)
        self.agree(terms)

    def agree(self, terms: Terms | None) -> None:
        """New terms: throttle and breaker start afresh."""
        self.terms = terms
        self.failing_since_us: int | None = None
        first_wait_us = int(terms.policy.waits_s[0] * SECOND_US) if terms else FIRST_OPEN_US
        self.breaker = Breaker(self.endpoint_id, min(FIRST_OPEN_US, max(first_wait_us, 1)))
        self._throttle = Throttle(terms.concurrency, terms.rate_per_s) if terms else Throttle(64, None)

    @property
    def places(self) -> int:
        return self._throttle.places

    @property
    def closed(self) -> bool:
        """Whether nothing speaks against the endpoint."""
        return self.breaker.state is State.CLOSED

    def lane(self, bot_id: str, ordering: Ordering, partition: int, offset: int) -> Lane:
        """Where the delivery at `offset` belongs; a new lane when there is none."""
        key: LaneKey = (bot_id, offset if ordering is Ordering.NONE else NONE_YET)
        if key not in self.lanes:
            self.lanes[key] = Lane(key, partition)
        return self.lanes[key]

    def lane_of(self, tried: Pending) -> Lane | None:
        """The lane whose head `tried` is; None when its partition was dropped in the meantime."""
        delivery = tried.delivery
        lane = self.lanes.get((delivery.bot_id, tried.offset if delivery.ordering is Ordering.NONE else NONE_YET))
        return lane if lane and lane.under_way and lane.loaded and lane.loaded[0].offset == tried.offset else None

    def queue(self, lane: Lane) -> None:
        """The lane's head waits until its `due_us`."""
        lane.ticket = next(self._tickets)
        heapq.heappush(self._due, (lane.due_us, lane.ticket, lane))

    def ready_us(self, now_us: int) -> int | None:
        """From when on `next` has something; None while only an answer can change that."""
        self._drop_stale()
        if not self._due or self.under_way >= self.places or self.under_way + self.fetching >= 2 * self.places:
            return None
        if self.terms is None:
            return self._due[0][0]
        opens_us = self.breaker.ready_us
        return None if opens_us is None else max(self._due[0][0], opens_us, self._throttle.ready_us(now_us))

    def next(self, now_us: int) -> Lane | None:
        """The lane whose head is to be tried now, the longest due first."""
        ready_us = self.ready_us(now_us)
        return heapq.heappop(self._due)[2] if ready_us is not None and ready_us <= now_us else None

    def started(self, now_us: int) -> None:
        self.under_way += 1
        if self.terms:
            self._throttle.started(now_us)
            self.breaker.started()

    def answered(self, answer: Answer, now_us: int) -> bool:
        """A try ended; whether the breaker opened over it. What the endpoint is not to blame for changes nothing."""
        self.under_way -= 1
        if not answer.charged:
            self.breaker.broken_off()
            return False
        overloaded = answer.status in OVERLOADED or answer.error_class in TOO_SLOW
        self._throttle.answered(answer.delivered, overloaded)
        if answer.delivered:
            self.failing_since_us = None
        elif self.failing_since_us is None:
            self.failing_since_us = now_us
        down = not answer.status or answer.status in OVERLOADED
        return self.breaker.answered(answer.delivered, down, now_us)

    def broken_off(self) -> None:
        """A try ended without an answer, by our own doing."""
        self.under_way -= 1
        self.breaker.broken_off()

    def gave_up(self, lane: Lane) -> bool:
        """Whether the lane's head failed its last try and is held."""
        return self.terms is not None and lane.attempts >= self.terms.policy.attempts

    def failing_for_us(self, now_us: int) -> int:
        """How long there have been failures only, as far as this process has seen."""
        return 0 if self.failing_since_us is None else now_us - self.failing_since_us

    def waiting(self) -> Iterator[Lane]:
        """Lanes whose head is not under way."""
        return (lane for lane in self.lanes.values() if not lane.under_way)

    def drop(self, partitions: Collection[int]) -> None:
        """Forget the lanes of these partitions."""
        for key, lane in [(key, lane) for key, lane in self.lanes.items() if lane.partition in partitions]:
            unparked = sum(1 for _ in lane.unparked())
            self.unparked -= unparked
            self.parked -= len(lane) - unparked
            lane.ticket = 0
            self.fetching -= lane.awaited
            del self.lanes[key]

    def _drop_stale(self) -> None:
        while self._due and self._due[0][1] != self._due[0][2].ticket:
            heapq.heappop(self._due)
