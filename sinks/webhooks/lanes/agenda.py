"""Which endpoint is looked at when. Pure."""

import heapq
from collections.abc import Iterator
from itertools import count

from sinks.webhooks.lanes.traffic import Traffic


class Agenda:
    """An endpoint counts once, at `listed_us`, the earliest time it was entered for; its other entries are stale."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, Traffic]] = []
        self._order = count()

    @property
    def next_us(self) -> int | None:
        """When `due` has something, or did until an entry went stale."""
        return self._entries[0][0] if self._entries else None

    def enter(self, traffic: Traffic, now_us: int) -> None:
        """Have the endpoint looked at when it has something."""
        ready_us = traffic.ready_us(now_us)
        if ready_us is not None and (traffic.listed_us is None or ready_us < traffic.listed_us):
            traffic.listed_us = ready_us
            heapq.heappush(self._entries, (ready_us, next(self._order), traffic))

    def due(self, now_us: int) -> Iterator[Traffic]:
        """Endpoints to look at now; whoever looked enters each again before it takes the next."""
        while self._entries and self._entries[0][0] <= now_us:
            listed_us, _, traffic = heapq.heappop(self._entries)
            if traffic.listed_us == listed_us:
                traffic.listed_us = None
                yield traffic
