"""Which bodies of parked deliveries are on their way back into memory, and for which lane. Pure."""

from collections.abc import Collection

from sinks.webhooks.lanes.lane import Lane
from sinks.webhooks.lanes.traffic import Traffic

LOADED_AHEAD = 16
Place = tuple[int, int]
"""Partition and offset."""


class Fetching:
    """`want` the next bodies of a lane, `take_new` what has been wanted since, `arrived` for each that came."""

    def __init__(self) -> None:
        self._owners: dict[Place, tuple[Traffic, Lane]] = {}
        self._new: list[Place] = []

    def want(self, traffic: Traffic, lane: Lane) -> None:
        """The next few, unless some are on their way already."""
        if lane.fetching:
            return
        for offset in lane.beyond.peek(LOADED_AHEAD):
            lane.fetching += 1
            self._owners[lane.partition, offset] = (traffic, lane)
            self._new.append((lane.partition, offset))

    def take_new(self) -> list[Place]:
        new, self._new = self._new, []
        return new

    def arrived(self, partition: int, offset: int) -> tuple[Traffic, Lane] | None:
        """Whose body this is, while it is still the next one missing there."""
        owner = self._owners.pop((partition, offset), None)
        if owner is None:
            return None
        traffic, lane = owner
        lane.fetching -= 1
        if lane.awaited:
            lane.awaited = False
            traffic.fetching -= 1
        return owner if len(lane.beyond) and lane.beyond.first == offset else None

    def drop(self, partitions: Collection[int]) -> None:
        self._owners = {place: owner for place, owner in self._owners.items() if place[0] not in partitions}
