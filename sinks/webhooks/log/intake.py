"""The log as the sink's event loop sees it: what was read, and what became ours.

Kafka's consumer wants all its calls from one thread, so one thread makes them; the loop awaits the answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.settings import WebhookSettings
from schemas.topics import Topic
from sinks.log_reader import LogReader, LogRecord, Partition
from sinks.webhooks.log.partition_reader import PartitionReader

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """What one poll brought. `assigned` are partitions that are ours since this poll: take up what is left of them first."""

    assigned: frozenset[int]
    records: list[LogRecord]
    dead: list[RawRecord]


@dataclass(frozen=True)
class Commits:
    """Next offsets to read, and what is noted with them."""

    offsets: Mapping[Partition, int] = field(default_factory=dict)
    notes: Mapping[Partition, str] = field(default_factory=dict)


Revoked = Callable[[frozenset[int]], Awaitable[Commits]]


class Intake:
    """One member of a group. `on_revoked` is awaited while the group waits, and returns what to commit in leaving."""

    def __init__(
        self, settings: WebhookSettings, stage: str, group_id: str, topics: Sequence[Topic], on_revoked: Revoked
    ) -> None:
        self._settings = settings
        self._stage = stage
        self._group_id = group_id
        self._topics = topics
        self._on_revoked = on_revoked
        self._new: set[int] = set()
        self._assigned: set[Partition] = set()
        self._dead: list[RawRecord] = []
        self._held = False
        self._committed: Commits = Commits()

    async def __aenter__(self) -> "Intake":
        """Raises Unavailable when Kafka or the registry is away."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "webhook-reader")
        await self._loop.run_in_executor(self._thread, self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def poll(self, timeout_s: float) -> Batch:
        return await self._loop.run_in_executor(self._thread, self._poll, timeout_s)

    async def left(self, read: Callable[[PartitionReader, int], T], partition: int) -> T:
        """What an earlier process left of `partition`, as `read` finds it with the group's committed offsets."""
        return await self._loop.run_in_executor(self._thread, read, self._left, partition)

    async def demand_likeness(self, topics: Sequence[Topic]) -> None:
        """Raises UsageError when the topics differ in partitions."""
        await self._loop.run_in_executor(self._thread, self._left.demand_likeness, topics)

    async def commit(self, commits: Commits) -> None:
        """Commit what is not yet."""
        if commits != self._committed:
            self._committed = commits
            await self._loop.run_in_executor(self._thread, self._reader.commit, commits.offsets, commits.notes)

    async def hold(self, wanted: bool) -> None:
        """Stop reading, or go on; the member stays in the group either way."""
        if wanted != self._held:
            self._held = wanted
            change = self._reader.pause if wanted else self._reader.resume
            await self._loop.run_in_executor(self._thread, change, list(self._assigned))

    def _open(self) -> None:
        self._reader = LogReader(
            self._settings,
            group_id=self._group_id,
            topics=self._topics,
            stage=self._stage,
            on_assigned=self._take_places,
            on_revoked=self._leave_places,
            on_dead=self._note_dead,
        )
        self._left = PartitionReader(self._settings, self._group_id, self._reader.bury)

    def _close(self) -> None:
        self._reader.close()
        self._left.close()

    def _poll(self, timeout_s: float) -> Batch:
        records = self._reader.poll(timeout_s)
        assigned, dead = frozenset(self._new), self._dead
        self._new, self._dead = set(), []
        return Batch(assigned, records, dead)

    def _take_places(self, places: list[Partition]) -> None:
        self._assigned |= set(places)
        self._new |= {partition for _, partition in places}
        self._held = False

    def _leave_places(self, places: list[Partition]) -> None:
        partitions = frozenset(partition for _, partition in places)
        self._assigned -= set(places)
        self._new -= partitions
        last_word = asyncio.run_coroutine_threadsafe(_awaited(self._on_revoked, partitions), self._loop).result()
        self._reader.commit(last_word.offsets, last_word.notes)
        self._committed = Commits()

    def _note_dead(self, record: RawRecord, _: InvalidRecord) -> None:
        if any(record.topic == topic.name for topic in self._topics):
            self._dead.append(record)


async def _awaited(hook: Revoked, partitions: frozenset[int]) -> Commits:
    return await hook(partitions)
