"""Records of one bot in order, those of others beside them, and never more at hand than there is room for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_processors.turns.group.lanes import Lanes

Item = tuple[str, int]


class Desk:
    """Handles items when told to; keeps the order in which they began and ended."""

    def __init__(self) -> None:
        self.began: list[Item] = []
        self.ended: list[Item] = []
        self._gates: dict[Item, asyncio.Event] = {}

    def gate(self, item: Item) -> asyncio.Event:
        return self._gates.setdefault(item, asyncio.Event())

    async def handle(self, item: Item) -> None:
        self.began.append(item)
        await self.gate(item).wait()
        self.ended.append(item)


async def rest() -> None:
    """Until everybody has done what they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def stopped(running: "asyncio.Task[None]") -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def feed(lanes: Lanes[Item], items: list[Item]) -> None:
    async with lanes:
        for item in items:
            await lanes.put(item[0], item)
        await asyncio.Future()


async def test_one_bot_waits_for_itself_and_nobody_else() -> None:
    """The second record of a bot begins when its first is done; another bot's is long done."""
    desk = Desk()
    running = asyncio.create_task(feed(Lanes(desk.handle), [("a", 1), ("a", 2), ("b", 1)]))
    desk.gate(("b", 1)).set()
    await rest()
    assert desk.began == [("a", 1), ("b", 1)]
    assert desk.ended == [("b", 1)]
    desk.gate(("a", 1)).set()
    await rest()
    assert desk.began[-1] == ("a", 2)
    await stopped(running)


async def test_no_more_is_taken_than_there_is_room_for() -> None:
    """A slow bot holds up the reading, not the memory."""
    desk = Desk()
    running = asyncio.create_task(feed(Lanes(desk.handle, most=2), [("a", 1), ("a", 2), ("b", 1)]))
    await rest()
    assert desk.began == [("a", 1)]
    desk.gate(("a", 1)).set()
    await rest()
    assert desk.began == [("a", 1), ("a", 2), ("b", 1)]
    await stopped(running)


async def test_what_breaks_one_lane_ends_them_all() -> None:
    """The process goes, and whoever comes after it begins where it was."""

    async def breaks(item: Item) -> None:
        if item == ("a", 1):
            raise ValueError("broke")
        await asyncio.Future()

    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(feed(Lanes(breaks), [("b", 1), ("a", 1)]), 10)
    assert raised.group_contains(ValueError)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=40), st.integers(1, 5))
def test_whatever_comes_each_bot_keeps_its_order(steps: list[Item], most: int) -> None:
    """Each item takes as many turns of the loop as it says."""
    ended: list[tuple[str, int, int]] = []

    async def handle(item: tuple[str, int, int]) -> None:
        for _ in range(item[1]):
            await asyncio.sleep(0)
        ended.append(item)

    items = [(bot, turns, number) for number, (bot, turns) in enumerate(steps)]
    asyncio.run(fed(handle, items, most))
    assert sorted(ended, key=lambda item: item[2]) == items
    for bot in "abc":
        numbers = [number for name, _, number in ended if name == bot]
        assert numbers == sorted(numbers)


async def fed(
    handle: Callable[[tuple[str, int, int]], Awaitable[None]], items: list[tuple[str, int, int]], most: int
) -> None:
    async with Lanes(handle, most) as lanes:
        for item in items:
            await lanes.put(item[0], item)
