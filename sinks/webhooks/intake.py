"""The log as the sink's event loop sees it: what was read, what became ours, what another process left of it.

Kafka's consumer wants all its calls from one thread, so one thread makes them; the loop awaits the answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.settings import WebhookSettings
from sinks.log_reader import LogReader, LogRecord, Partition
from sinks.webhooks.fan_out import INPUTS, Left
from sinks.webhooks.restore import JournalReader

INPUT_NAMES = frozenset(topic.name for topic in INPUTS)
Revoked = Callable[[frozenset[int]], Awaitable[dict[Partition, int]]]


@dataclass(frozen=True)
class Batch:
    """What one poll brought. `assigned` are partitions that are ours since this poll: take up what is left of them first."""

    assigned: frozenset[int]
    records: list[LogRecord]
    dead: list[RawRecord]


class Intake:
    """One member of the group. `on_revoked` is awaited while the group waits, and returns what to commit in leaving."""

    def __init__(self, settings: WebhookSettings, stage: str, on_revoked: Revoked) -> None:
        self._settings = settings
        self._stage = stage
        self._on_revoked = on_revoked
        self._new: set[int] = set()
        self._assigned: set[Partition] = set()
        self._dead: list[RawRecord] = []
        self._held = False

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

    async def left(self, partition: int) -> Left:
        """What an earlier process left of `partition`."""
        return await self._loop.run_in_executor(self._thread, self._journals.read, partition)

    async def commit(self, next_offsets: dict[Partition, int]) -> None:
        await self._loop.run_in_executor(self._thread, self._reader.commit, next_offsets)

    async def hold(self, wanted: bool) -> None:
        """Stop reading, or go on; the member stays in the group either way."""
        if wanted != self._held:
            self._held = wanted
            change = self._reader.pause if wanted else self._reader.resume
            await self._loop.run_in_executor(self._thread, change, list(self._assigned))

    def _open(self) -> None:
        self._reader = LogReader(
            self._settings,
            group_id=self._settings.webhook_consumer_group,
            topics=INPUTS,
            stage=self._stage,
            on_assigned=self._take_places,
            on_revoked=self._leave_places,
            on_dead=self._note_dead,
        )
        self._journals = JournalReader(self._settings, self._reader.bury)

    def _close(self) -> None:
        self._reader.close()
        self._journals.close()

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
        last_word = asyncio.run_coroutine_threadsafe(_awaited(self._on_revoked, partitions), self._loop)
        self._reader.commit(last_word.result())

    def _note_dead(self, record: RawRecord, _: InvalidRecord) -> None:
        if record.topic in INPUT_NAMES:
            self._dead.append(record)


async def _awaited(hook: Revoked, partitions: frozenset[int]) -> dict[Partition, int]:
    return await hook(partitions)
