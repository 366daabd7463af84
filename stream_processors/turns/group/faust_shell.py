"""The Faust application: it joins the group and hands over records in order. Shell.

Faust decides nothing here. Its guards, each for a fault that was measured: no commit while rebalancing; no
acknowledgement but of a record that was applied in this generation (Faust's streams acknowledge whatever the agent was
handed, in compiled code that asks nobody: that lost turns); every record's offset checked against the one before (Faust
drops what it fetched while rebalancing, and goes on behind it); no table (restoring one takes Faust a millisecond a record);
no topics of its own making; its own assignor (a bot's three topics must meet in one worker); and one agent
without concurrency: records are taken in the order of their partition, and a commit passes none that is not applied.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast
from weakref import WeakSet

import faust
import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

from schemas.dead_letter import RawRecord
from stream_processors import faust_app
from stream_processors.faust_app import SteadyConsumer, raw_record
from stream_processors.turns.group.assignment import Assignment, Partition
from stream_processors.turns.group.lanes import Lanes
from stream_processors.turns.stage import REBALANCING_S, Fence, Standing

log = structlog.get_logger()
Handler = Callable[[RawRecord, Fence], Awaitable[bool]]
SESSION_TIMEOUT_S = 6.0


class GuardedConsumer(SteadyConsumer):
    """Faust's consumer, kept from acknowledging what was not applied, and from leaving records out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._applied: WeakSet[Message] = WeakSet()
        self._taken: defaultdict[TP, deque[Message]] = defaultdict(deque)
        self._assigned = Assignment({})

    def takes(self, message: Message) -> bool:
        """Whether `message` follows on the record taken before it in its partition; then it is taken, and is to be applied."""
        place = (message.topic, message.partition)
        if message.generation_id != self.app.consumer_generation_id or not self._assigned.is_next(
            place, message.offset
        ):
            return False
        self._assigned.done(place, message.offset)
        self._taken[message.tp].append(message)
        return True

    def applied(self, message: Message) -> None:
        """`message` may be committed over once all before it may, and nobody else says so: its stream acknowledges nothing.

        Faust is told in the order of the partition: what it commits is not safe from holes, least of all before the first commit.
        """
        self._applied.add(message)
        taken = self._taken[message.tp]
        while taken and taken[0] in self._applied:
            self.ack(taken.popleft())

    def ack(self, message: Message) -> bool:
        """Whether `message` may be committed over: only if it was applied, and in this generation of the group."""
        ours: bool = message.generation_id == self.app.consumer_generation_id
        return ours and message in self._applied and bool(super().ack(message))

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Nothing while the group is being shared out anew: the offsets may be another worker's by now."""
        if self.app.rebalancing:
            return False
        return bool(await super().commit(topics, start_new_transaction))

    async def read_missing_again(self) -> None:
        """Go back to records that were left out; call it every second or so."""
        await self._read_again(self._assigned.missing())

    async def read_all_again(self) -> None:
        """Go back to what is due everywhere: of the last records of a partition no later one tells that they were left out."""
        await self._read_again(self._assigned.due())

    async def _read_again(self, places: Mapping[Partition, int]) -> None:
        for (topic, number), offset in places.items():
            log.warning("reading_again", topic=topic, partition=number, offset=offset)
        await self.read_from({TP(topic, number): offset for (topic, number), offset in places.items()})

    async def perform_seek(self) -> None:
        """To what is committed; where that is nothing, or expired, to the first record: what was dropped comes again."""
        await super().perform_seek()
        ours = self.assignment()
        starts: dict[tuple[str, int], int] = {}
        for tp, first in (await self.earliest_offsets(*ours) if ours else {}).items():
            committed = self._committed_offset[tp]
            if committed is None or committed < first:
                self._committed_offset[tp] = None
                await self.seek(tp, first)
            starts[tp.topic, tp.partition] = max(first, committed or 0)
        self._assigned = Assignment(starts)
        self._taken.clear()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Faust counts what it did not see as acknowledged; on topics without compaction that is what it left out."""


class GuardedTransport(driver.Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = GuardedConsumer


def make_app(group: str, bootstrap_servers: str, folder: Path) -> faust.App:
    """An application that is not started and reads nothing yet."""
    app = faust_app.make_app(
        group,
        bootstrap_servers,
        folder,
        session_timeout_s=SESSION_TIMEOUT_S,
        table_standby_replicas=1,  # not 0: that would have aiokafka's round robin share out each topic by itself
        broker_commit_interval=0.5,
    )
    app.transport = GuardedTransport(app.conf.broker_consumer, app)
    return app


def read(app: faust.App, topics: list[str], handle: Handler) -> None:
    """Declare the one agent: every record of `topics` to `handle`, those of one bot one after the other."""
    channel = app.topic(*topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    consumer = cast(GuardedConsumer, app.consumer)

    async def apply(message: Message) -> None:
        if await handle(raw_record(message), _fence(app, message)):
            consumer.applied(message)

    @app.agent(channel, name="turns", concurrency=1)
    async def turns(stream: Any) -> None:
        async with Lanes(apply) as lanes:
            async for event in stream.noack().events():
                message, standing = event.message, _fence(app, event.message)
                while standing() is Standing.REBALANCING:  # noqa: ASYNC110 - Faust has a flag for it, and no event
                    await asyncio.sleep(REBALANCING_S)
                if consumer.takes(message):
                    await lanes.put(message.key, message)


def _fence(app: faust.App, message: Message) -> Fence:
    """Whose the partition is, as far as the group told us. Faust delivers records before its rebalance has ended."""

    def standing() -> Standing:
        if message.generation_id != app.consumer_generation_id:
            return Standing.LOST
        return Standing.REBALANCING if app.rebalancing else Standing.OURS

    return standing
