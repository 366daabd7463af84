"""What is put out of the way, and when: the records for webhook.parked, and the lanes that keep offsets alone. Pure."""

from collections import deque

from sinks.webhooks.endpoints.retry_policy import SECOND_US
from sinks.webhooks.lanes.lane import Lane
from sinks.webhooks.lanes.traffic import Traffic
from sinks.webhooks.log.parked import Write, park, unpark
from sinks.webhooks.log.pending import Pending
from sinks.webhooks.parking.fetching import LOADED_AHEAD

LONGEST_UNPARKED_US = 5 * SECOND_US


class ParkingLot:
    """Lanes are parked whole. What `arrived` and is still unparked a while later makes `park_what_waited` park its lane."""

    def __init__(self) -> None:
        self._arrived: deque[tuple[int, Traffic, Lane, int]] = deque()
        self._writes: list[Write] = []

    @property
    def next_us(self) -> int | None:
        """When `park_what_waited` has something to look at."""
        return self._arrived[0][0] + LONGEST_UNPARKED_US if self._arrived else None

    def arrived(self, traffic: Traffic, lane: Lane, offset: int, now_us: int) -> None:
        self._arrived.append((now_us, traffic, lane, offset))

    def park_what_waited(self, now_us: int) -> None:
        while self._arrived and self._arrived[0][0] + LONGEST_UNPARKED_US <= now_us:
            _, traffic, lane, offset = self._arrived.popleft()
            if traffic.lanes.get(lane.key) is lane and any(pending.offset == offset for pending in lane.unparked()):
                self.park(traffic, lane, now_us)

    def park(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        """All of the lane, and keep as few bodies of it as will do."""
        for pending in list(lane.unparked()):
            self.add(traffic, lane, lane.head() if pending is lane.loaded[0] else pending, now_us)
            traffic.unparked -= 1
        if lane.under_way or lane.fetching:
            return
        waits = lane.due_us > now_us or not traffic.closed
        lane.unload(0 if waits else LOADED_AHEAD)

    def add(self, traffic: Traffic, lane: Lane, pending: Pending, now_us: int) -> None:
        """One delivery, behind those of its lane that are parked."""
        self._writes.append(park(pending, traffic.failing_since_us, now_us))
        lane.parked_to = max(lane.parked_to, pending.offset)
        traffic.parked += 1

    def note_try(self, traffic: Traffic, lane: Lane, now_us: int) -> None:
        """What is known of the tries of the lane's head, which is parked."""
        self._writes.append(park(lane.head(), traffic.failing_since_us, now_us))

    def remove(self, traffic: Traffic, partition: int, offset: int) -> None:
        """A parked delivery is settled, or gone from the log."""
        traffic.parked -= 1
        self._writes.append(unpark(partition, offset))

    def take_writes(self) -> list[Write]:
        """What to write to webhook.parked, in order."""
        writes, self._writes = self._writes, []
        return writes
