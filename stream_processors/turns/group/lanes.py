"""SHELL: records of one bot one after the other, those of several bots side by side.

Handling a record is mostly waiting for the broker, twice; one bot's turns have nothing to do with another's.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType
from typing import Generic, TypeVar

MOST_RECORDS = 2_000
"""Records at hand: a client fetches long runs of one partition, and behind them wait the others."""
T = TypeVar("T")


class Lanes(Generic[T]):
    """Hands each item to `handle`, in order within its lane. What `handle` raises ends all lanes, and is raised on leaving."""

    def __init__(self, handle: Callable[[T], Awaitable[None]], most: int = MOST_RECORDS) -> None:
        self._handle = handle
        self._tasks = asyncio.TaskGroup()
        self._lanes: dict[Hashable, deque[T]] = {}
        self._room = asyncio.Semaphore(most)

    async def __aenter__(self) -> "Lanes[T]":
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.__aexit__(kind, error, trace)

    async def put(self, lane: Hashable, item: T) -> None:
        """Waits while there is too much at hand."""
        await self._room.acquire()
        if lane in self._lanes:
            self._lanes[lane].append(item)
        else:
            self._lanes[lane] = deque([item])
            self._tasks.create_task(self._serve(lane))

    async def _serve(self, lane: Hashable) -> None:
        items = self._lanes[lane]
        while items:
            await self._handle(items[0])
            items.popleft()
            self._room.release()
        del self._lanes[lane]
