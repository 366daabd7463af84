"""The heads of all lanes: which is tried next, and which waits for its body to come back. Pure."""

from collections.abc import Collection

from schemas.events import WebhookDelivery
from sinks.webhooks.lanes.agenda import Agenda
from sinks.webhooks.lanes.lane import Lane
from sinks.webhooks.lanes.traffic import Traffic
from sinks.webhooks.log.pending import Pending
from sinks.webhooks.parking.fetching import LOADED_AHEAD, Fetching, Place
from sinks.webhooks.parking.lot import ParkingLot

Try = tuple[Pending, bool]
"""A head, and whether it is to be skipped instead of tried: its endpoint is gone or disabled."""


class Heads:
    """A lane stands in its endpoint's queue, and its endpoint on the agenda; but for a body it waits in neither."""

    def __init__(self, lot: ParkingLot) -> None:
        self._lot = lot
        self._agenda = Agenda()
        self._fetching = Fetching()
        self._frozen: set[int] = set()

    @property
    def next_us(self) -> int | None:
        """When `start` has something to look at."""
        return self._agenda.next_us

    def start(self, now_us: int) -> list[Try]:
        """Heads to try now; they are under way from here on."""
        started: list[Try] = []
        for traffic in self._agenda.due(now_us):
            while (lane := traffic.next(now_us)) is not None:
                self._begin(traffic, lane, now_us, started)
            self.look_at(traffic, now_us)
        return started

    def look_at(self, traffic: Traffic, now_us: int) -> None:
        """Something about the endpoint changed."""
        self._agenda.enter(traffic, now_us)

    def stand(self, traffic: Traffic, lane: Lane) -> None:
        """Back in its endpoint's queue, unless it waits for a body; `look_at` has to follow."""
        if not lane.awaited:
            traffic.queue(lane)

    def queue(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        self.stand(traffic, lane)
        self.look_at(traffic, now_us)

    def make_due(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        lane.due_us = now_us
        if lane.ticket:
            self.queue(traffic, lane, now_us)

    def settle(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        """The head is delivered, given up or skipped: the lane moves on. `look_at` has to follow."""
        head = lane.pop()
        if head.offset <= lane.parked_to:
            self._lot.remove(traffic, head.partition, head.offset)
        else:
            traffic.unparked -= 1
        self._next(traffic, lane, now_us)

    def take_wanted(self) -> list[Place]:
        """Bodies that are needed."""
        return self._fetching.take_new()

    def loaded(self, partition: int, offset: int, delivery: WebhookDelivery, now_us: int) -> None:
        """A body that was wanted. Those of one lane come in order of offset."""
        owner = self._fetching.arrived(partition, offset)
        if owner is None:
            return
        traffic, lane = owner
        lane.beyond.pop()
        lane.loaded.append(Pending(partition, offset, delivery))
        if not lane.ticket and not lane.under_way:
            self.queue(traffic, lane, now_us)

    def missing(self, partition: int, offset: int, now_us: int) -> None:
        """A body that was wanted is no longer on the log: its lane goes on without it."""
        owner = self._fetching.arrived(partition, offset)
        if owner is None:
            return
        traffic, lane = owner
        lane.beyond.pop()
        self._lot.remove(traffic, partition, offset)
        if not lane.loaded:
            lane.attempts = 0
            self._next(traffic, lane, now_us)
            self.look_at(traffic, now_us)

    def freeze(self, partitions: Collection[int]) -> None:
        """Start nothing more of these partitions."""
        self._frozen |= set(partitions)

    def forget(self, partitions: Collection[int]) -> None:
        """Their lanes are gone; they may come back later and are not frozen then."""
        self._fetching.drop(partitions)
        self._frozen -= set(partitions)

    def _begin(self, traffic: Traffic, lane: Lane, now_us: int, started: list[Try]) -> None:
        lane.ticket = 0
        if lane.partition in self._frozen:
            return
        if not lane.loaded:
            traffic.fetching += 1
            lane.awaited = True
            self._fetching.want(traffic, lane)
            return
        lane.under_way = True
        traffic.started(now_us)
        started.append((lane.head(), traffic.terms is None))

    def _next(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        if not len(lane):
            lane.ticket = 0
            del traffic.lanes[lane.key]
            return
        if len(lane.loaded) <= LOADED_AHEAD // 2:
            self._fetching.want(traffic, lane)
        lane.due_us = now_us
        self.stand(traffic, lane)
