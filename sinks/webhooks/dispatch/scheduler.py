"""Which delivery is tried now, which waits where, and which lanes are parked. Pure: time comes in, decisions come out.

Rules:
1. A lane moves on when its head is delivered, given up or skipped, never before: first deliveries arrive in order.
2. A lane whose head has to wait is parked whole, and what arrives for it later too; so is what has waited too long. An
   endpoint that is down holds back neither offsets nor partitions.
3. Of parked deliveries only offsets are kept, but for the first few of a lane that is being worked off.
4. Endpoints share nothing but the process: each has its own places, rate and breaker.
"""

from collections.abc import Collection, Iterable

from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.vocabulary import DeliveryTrigger
from sinks.webhooks.dispatch.attempt import SETTLED, attempt_of
from sinks.webhooks.dispatch.heads import Heads, Try
from sinks.webhooks.endpoints.retry_policy import GONE, SECOND_US, Answer
from sinks.webhooks.endpoints.terms import Terms, TermsOf
from sinks.webhooks.lanes.traffic import Traffic
from sinks.webhooks.log.parked import ParkedPlace, Write
from sinks.webhooks.log.pending import Pending
from sinks.webhooks.parking.fetching import Place
from sinks.webhooks.parking.lot import ParkingLot

UNPARKED_PLACES = 16
"""Deliveries an endpoint that has parked ones may keep out of the parking."""
ASKED_FOR = {DeliveryTrigger.RESEND, DeliveryTrigger.RECOVER}
"""A person wants the lane to go on: a head that is held is tried at once."""
LONGEST_FAILING_US = 5 * 86_400 * SECOND_US


class Scheduler:
    """All lanes of one process. Tell it what happens, then take `start`, `take_writes` and `take_wanted`, until `deadline_us`.

    `push` and `restore` add deliveries, `answered` and `broken_off` end a try that `start` gave out, `loaded` brings bodies
    that were wanted, `drop` gives partitions up, `terms_changed` says that an endpoint is to be looked at anew.
    """

    def __init__(self, terms_of: TermsOf) -> None:
        self._terms_of = terms_of
        self._endpoints: dict[str, Traffic] = {}
        self._lot = ParkingLot()
        self._heads = Heads(self._lot)
        self._closings: list[tuple[str, str]] = []

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
        lane = traffic.lane(pending.delivery.bot_id, pending.delivery.ordering, pending.partition, pending.offset)
        if pending.delivery.trigger in ASKED_FOR and traffic.gave_up(lane):
            self._heads.make_due(traffic, lane, now_us)
        if len(lane.beyond) or pending.offset <= lane.parked_to:
            # behind parked ones; one that lies before them was lost from the parking by a process since dead
            lane.beyond.append(pending.offset)
            self._lot.add(traffic, lane, pending, now_us)
            return
        lane.loaded.append(pending)
        traffic.unparked += 1
        if len(lane) == 1:
            lane.attempts, lane.due_us = pending.attempts, pending.due_us
            self._heads.queue(traffic, lane, now_us)
        if lane.due_us > now_us or not traffic.closed or (traffic.parked and traffic.unparked > UNPARKED_PLACES):
            self._lot.park(traffic, lane, now_us)
        else:
            self._lot.arrived(traffic, lane, pending.offset, now_us)

    def restore(self, parked: Iterable[ParkedPlace], now_us: int) -> None:
        """What a partition's last process left parked, in order of offset, before anything of it is pushed."""
        for place in parked:
            traffic = self.traffic(place.endpoint_id)
            lane = traffic.lane(place.bot_id, place.ordering, place.partition, place.offset)
            alone = not len(lane)
            lane.beyond.append(place.offset)
            lane.parked_to = place.offset
            traffic.parked += 1
            if place.failing_since_us is not None:
                traffic.failing_since_us = min(place.failing_since_us, traffic.failing_since_us or now_us)
            if alone:
                lane.attempts, lane.due_us = place.attempts, place.due_us
                self._heads.queue(traffic, lane, now_us)

    def start(self, now_us: int) -> list[Try]:
        """Heads to try now. Each is under way until it is `answered`, `skipped` or `broken_off`."""
        self._lot.park_what_waited(now_us)
        return self._heads.start(now_us)

    @property
    def deadline_us(self) -> int | None:
        """When to call `start` again though nothing happened."""
        return min((us for us in (self._heads.next_us, self._lot.next_us) if us is not None), default=None)

    def answered(self, tried: Pending, answer: Answer, started_at_us: int, now_us: int) -> WebhookAttempt:
        """The record of a try that ended. Its lane goes on, or waits."""
        traffic = self.traffic(tried.delivery.endpoint_id)
        attempt = attempt_of(tried, answer, traffic.terms, started_at_us, now_us)
        opened = traffic.answered(answer, now_us)
        self._ended(traffic, tried, attempt, now_us)
        if opened:
            for lane in list(traffic.waiting()):
                self._lot.park(traffic, lane, now_us)
        if traffic.terms and answer.status == GONE:
            self._close(traffic, "gone", now_us)
        elif traffic.terms and traffic.failing_for_us(now_us) >= LONGEST_FAILING_US:
            self._close(traffic, "failing", now_us)
        self._heads.look_at(traffic, now_us)
        return attempt

    def skipped(self, head: Pending, now_us: int) -> WebhookAttempt:
        """The record of a head that `start` gave out to be skipped."""
        traffic = self.traffic(head.delivery.endpoint_id)
        reason = "removed" if self._terms_of(traffic.endpoint_id) is None else "disabled"
        attempt = attempt_of(head, Answer(0, reason, 0), None, now_us, now_us)
        traffic.under_way -= 1
        self._ended(traffic, head, attempt, now_us)
        self._heads.look_at(traffic, now_us)
        return attempt

    def broken_off(self, tried: Pending, now_us: int) -> None:
        """A try ended without an answer, by our own doing: it leaves no record and is made again."""
        traffic = self.traffic(tried.delivery.endpoint_id)
        traffic.broken_off()
        lane = traffic.lane_of(tried)
        if lane:
            lane.under_way = False
            self._heads.queue(traffic, lane, now_us)
        self._heads.look_at(traffic, now_us)

    def take_closings(self) -> list[tuple[str, str]]:
        """(endpoint_id, reason) of endpoints that are to be disabled; what is due for them is skipped from here on."""
        closings, self._closings = self._closings, []
        return closings

    def take_writes(self) -> list[Write]:
        """What to write to webhook.parked, in order."""
        return self._lot.take_writes()

    def take_wanted(self) -> list[Place]:
        """(partition, offset) of deliveries whose bodies are needed; answer with `loaded` or `missing`."""
        return self._heads.take_wanted()

    def loaded(self, partition: int, offset: int, delivery: WebhookDelivery, now_us: int) -> None:
        """A body that was wanted. Those of one lane come in order of offset."""
        self._heads.loaded(partition, offset, delivery, now_us)

    def missing(self, partition: int, offset: int, now_us: int) -> None:
        """A body that was wanted is no longer on the log: its lane goes on without it."""
        self._heads.missing(partition, offset, now_us)

    def freeze(self, partitions: Collection[int]) -> None:
        """Start nothing more of these partitions; what is under way may still be answered."""
        self._heads.freeze(partitions)

    def drop(self, partitions: Collection[int], now_us: int) -> None:
        """Another process has these partitions: forget all about them."""
        for traffic in self._endpoints.values():
            traffic.drop(partitions)
            self._heads.look_at(traffic, now_us)
        self._heads.forget(partitions)

    def terms_changed(self, endpoint_ids: Iterable[str], now_us: int) -> None:
        """Serve these endpoints by their new terms. Heads that are to be skipped, or were held, are due at once."""
        for endpoint_id in endpoint_ids:
            self._agree(self.traffic(endpoint_id), self._terms(endpoint_id), now_us)

    def _ended(self, traffic: Traffic, tried: Pending, attempt: WebhookAttempt, now_us: int) -> None:
        lane = traffic.lane_of(tried)
        if lane is None:
            return
        lane.under_way = False
        if attempt.outcome in SETTLED:
            self._heads.settle(traffic, lane, now_us)
            return
        known = lane.first <= lane.parked_to
        lane.attempts, lane.due_us = attempt.attempt, attempt.next_attempt_at_us or now_us
        if known:
            self._lot.note_try(traffic, lane, now_us)
        self._lot.park(traffic, lane, now_us)
        self._heads.stand(traffic, lane)

    def _close(self, traffic: Traffic, reason: str, now_us: int) -> None:
        self._closings.append((traffic.endpoint_id, reason))
        self._agree(traffic, None, now_us)

    def _agree(self, traffic: Traffic, terms: Terms | None, now_us: int) -> None:
        traffic.agree(terms)
        for lane in traffic.waiting():
            if terms is None or traffic.gave_up(lane):
                self._heads.make_due(traffic, lane, now_us)
        self._heads.look_at(traffic, now_us)

    def _terms(self, endpoint_id: str) -> Terms | None:
        terms = self._terms_of(endpoint_id)
        return terms if terms and terms.enabled else None
