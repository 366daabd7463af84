"""What a worker knows of its bots: from the changelog when a partition is new, from memory while it stays."""

import asyncio
from collections import deque
from typing import Any

import pytest
from confluent_kafka import KafkaError

from schemas.errors import Unavailable
from stream_processors.turns.log import snapshots as module
from stream_processors.turns.log.snapshots import Snapshots

Line = tuple[int, bytes, bytes | None]


class Told:
    """A message, or the end of a partition."""

    def __init__(self, number: int, key: bytes = b"", value: bytes | None = None, *, end: bool = False) -> None:
        self._number, self._key, self._value, self._end = number, key, value, end

    def partition(self) -> int:
        return self._number

    def key(self) -> bytes:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def error(self) -> KafkaError | None:
        return KafkaError(KafkaError._PARTITION_EOF) if self._end else None


class Changelog:
    """The topic and a client of it; `away` says nothing."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.reads: list[set[int]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()
        self._told: deque[Told] = deque()

    def assign(self, places: list[Any]) -> None:
        numbers = {place.partition for place in places}
        self.reads.append(numbers)
        self._told.extend(Told(*line) for line in self.lines if line[0] in numbers)
        self._told.extend(Told(number, end=True) for number in numbers)

    def unassign(self) -> None:
        self._told.clear()

    def poll(self, _: float) -> Told | None:
        return None if self.away else self._told.popleft()

    async def append(self, _topic: str, partition: int, key: bytes, value: bytes) -> None:
        self.lines.append((partition, key, value))
        await self.gate.wait()


@pytest.fixture
def changelog() -> Changelog:
    return Changelog()


@pytest.fixture
def snapshots(changelog: Changelog, monkeypatch: pytest.MonkeyPatch) -> Snapshots:
    monkeypatch.setattr(module, "Consumer", lambda _: changelog)
    return Snapshots("nowhere:9", "bots-changelog", changelog.append)


async def test_the_last_line_of_a_bot_counts(snapshots: Snapshots, changelog: Changelog) -> None:
    """And a tombstone is no snapshot."""
    changelog.lines = [(0, b"a", b"1"), (1, b"b", b"1"), (0, b"a", b"2"), (1, b"b", None), (2, b"c", b"1")]
    await snapshots.own({0, 1}, kept=set())
    found = [snapshots.get(bot, number) for bot, number in (("a", 0), ("b", 1), ("c", 2), ("a", 1))]
    assert found == [b"2", None, None, None]


async def test_what_stays_ours_is_not_read_again(snapshots: Snapshots, changelog: Changelog) -> None:
    """Only a partition that is new is; one that went is forgotten, and read again when it comes back."""
    await snapshots.own({0, 1}, kept=set())
    await snapshots.put("a", b"1", 0)
    await snapshots.own({0, 2}, kept={0})
    assert snapshots.get("a", 0) == b"1"
    await snapshots.own({1, 2}, kept={2})
    assert snapshots.get("a", 0) is None
    await snapshots.own({0, 1, 2}, kept={1, 2})
    assert snapshots.get("a", 0) == b"1"
    assert changelog.reads == [{0, 1}, {2}, {1}, {0}]


async def test_a_write_of_an_earlier_ownership_does_not_undo_what_was_read_since(
    snapshots: Snapshots, changelog: Changelog
) -> None:
    """Its acknowledgement came late: another worker had the partition meanwhile, and knew more."""
    await snapshots.own({0}, kept=set())
    changelog.gate.clear()
    late = asyncio.create_task(snapshots.put("a", b"old", 0))
    await asyncio.sleep(0)
    changelog.lines.append((0, b"a", b"new"))
    await snapshots.own({0}, kept=set())
    changelog.gate.set()
    await late
    assert snapshots.get("a", 0) == b"new"


async def test_a_changelog_that_cannot_be_read_is_named(snapshots: Snapshots, changelog: Changelog) -> None:
    """Going on without it would number turns anew."""
    changelog.away = True
    with pytest.raises(Unavailable, match="bots-changelog cannot be read"):
        await snapshots.own({0}, kept=set())
