"""SHELL: Faust joins the group, hands over records and gates rebalances; nothing else of it is used.

The only file of the stage that knows Faust and aiokafka. Records come straight from Faust's consumer, not through its
streams, whose price a record is several times ours (decision record 20). `acks=False`: Faust tracks and commits nothing;
its commits lose records beside ours. Four private names are used, each marked: this is why the versions are pinned exactly,
and a contract test looks for them.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import faust
import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

from schemas.settings import TranscribeSettings
from schemas.timebase import Clock
from schemas.topics import AUDIO_FRAMES
from stream_processors import faust_app
from stream_processors.faust_app import SteadyConsumer, raw_record
from stream_processors.kept import kept
from stream_processors.transcription.log.log_shell import LogOutlet, ResultsLog
from stream_processors.transcription.partitions.partition import Start
from stream_processors.transcription.partitions.worker import Commit, Worker

log = structlog.get_logger()
FLUSH_S = 4.0
COMMIT_TIMEOUT_S = 5.0


class DirectConsumer(SteadyConsumer):
    """Faust's consumer, whose `callback` gets every record and is waited for.

    Faust's own way to an agent costs four tasks, a queue and an event for each record, more than transcribing it. All that
    is to break off a delivery that waits for a full queue while the group forms; our callback waits for nothing of Faust's.
    """

    async def wait_first(self, *coros: Any, **options: Any) -> Any:
        """Of a delivery and Faust's call to break it off the delivery; whatever else Faust waits for, as Faust does."""
        match coros:
            case (Coroutine() as delivery, Coroutine() as broken_off):
                broken_off.close()
                return await delivery
            case _:
                return await super().wait_first(*coros, **options)


class DirectTransport(driver.Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = DirectConsumer


def make_app(settings: TranscribeSettings, folder: Path) -> faust.App:
    """An application that is not started."""
    app = faust_app.make_app(
        settings.consumer_group,
        settings.kafka_bootstrap_servers,
        folder,
        session_timeout_s=settings.session_timeout_ms / 1000,
    )
    app.transport = DirectTransport(app.conf.broker_consumer, app)
    return app


class GroupMember:
    """One member of the group: feeds a worker, and commits what the worker says may be committed."""

    def __init__(self, app: faust.App, worker: Worker, outlet: LogOutlet, results: ResultsLog, clock: Clock) -> None:
        self._app = app
        self._worker = worker
        self._outlet = outlet
        self._results = results
        self._clock = clock
        self._lock = asyncio.Lock()
        self._owned: set[int] = set()
        self._paused: set[int] = set()
        self._generation = -1
        self.joins = 0
        channel = app.topic(
            AUDIO_FRAMES.name,
            acks=False,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        app.agent(channel, name="transcribe", concurrency=1)(_read_nothing)
        app.on_partitions_revoked.connect(self._revoked)
        app.on_rebalance_complete.connect(self._assigned)
        app.on_before_shutdown.connect(self._leaving)

    async def start(self) -> None:
        cast(DirectConsumer, self._app.consumer).callback = self._read
        await self._app.start()

    async def stop(self) -> None:
        """Flush, commit and leave the group."""
        await self._app.stop()

    @property
    def fault(self) -> BaseException | None:
        """Why Faust died, when it did."""
        reason: BaseException | None = self._app.crash_reason
        return reason or (RuntimeError("Faust stopped by itself") if self._app.should_stop else None)

    async def commit(self) -> None:
        """Commit for every partition, and tell the worker when the broker took it."""
        async with self._lock:
            if not self._owned or self._generation != self._coordinator.generation or self._app.rebalancing:
                return
            sent_at_ms = self._clock.monotonic_ms()
            if await self._commit(self._worker.commits()):
                self._worker.renewed(sent_at_ms)

    def pause(self, wanted: set[int]) -> None:
        """Read nothing from these partitions, and from all the others again.

        The client is told, not Faust: Faust's own pause drops what is left of the batch it is in.
        """
        if wanted != self._paused:
            stop, go = wanted - self._paused, (self._paused - wanted) & self._owned
            self._paused = set(wanted)
            self._loop.call_soon_threadsafe(self._pause_and_resume, _places(stop), _places(go))

    async def read_missing_again(self) -> None:
        """Go back to records that were left out: Faust drops what it fetched while the group formed, and goes on behind it."""
        await self._read_again(self._worker.plan.missing)

    async def read_all_again(self) -> None:
        """Go back to what is due everywhere: of the last records of a partition no later one tells that they were left out."""
        await self._read_again(self._worker.plan.positions)

    async def _read_again(self, due: Callable[[], dict[int, int]]) -> None:
        wanted = set(due())
        if not wanted or self._lock.locked() or self._app.rebalancing:
            return
        firsts = await self._in_thread(lambda: self._consumer.beginning_offsets(_places(wanted)))
        self._worker.plan.expired({place.partition: first for place, first in firsts.items()})
        offsets = due()
        for number, offset in offsets.items():
            log.warning("reading_again", partition=number, offset=offset)
        await self._read_from(offsets)

    async def _read(self, message: Message) -> None:
        await self._worker.feed(raw_record(message), int(message.timestamp * 1000))

    async def _revoked(self, *_: Any, **__: Any) -> None:
        """Awaited before the group goes on without us; the first time there is nothing to give back."""
        async with self._lock:
            await self._settle()

    async def _assigned(self, *_: Any, **__: Any) -> None:
        """Awaited before the first record of the new assignment: the cursors of new partitions are read here.

        Faust goes on where it was in a partition that nobody has committed anything for; so it is told where to begin.
        """
        async with self._lock:
            generation = self._coordinator.generation
            ours = {tp.partition for tp in self._app.consumer.assignment() if tp.topic == AUDIO_FRAMES.name}
            stayed = kept(ours, self._owned, generation, self._generation)
            starts = await self._starts(ours - stayed)
            self._worker.assigned(stayed, starts)
            await self._read_from({number: start.next_offset for number, start in starts.items()})
            self._owned, self._generation, self._paused = ours, generation, set()
            self.joins += 1
            restored = sum(len(start.restored) for start in starts.values())
            log.info("assigned", generation=generation, partitions=sorted(ours), kept=sorted(stayed), restored=restored)

    async def _leaving(self, *_: Any, **__: Any) -> None:
        async with self._lock:
            self._worker.hang_up()
            await self._settle()
            self._worker.close()
            self._owned = set()

    async def _read_from(self, offsets: dict[int, int]) -> None:
        """If a rebalance comes between, it is told again after that."""
        places = {TP(AUDIO_FRAMES.name, number): offset for number, offset in offsets.items()}
        await cast(DirectConsumer, self._app.consumer).read_from(places)

    async def _settle(self) -> None:
        """Stop writing, wait for what is on its way, and commit as far as it came."""
        if not self._owned:
            return
        self._worker.revoked()
        await self._outlet.drained(FLUSH_S)
        await self._commit(self._worker.commits())

    async def _commit(self, commits: dict[int, Commit]) -> bool:
        offsets = {
            TopicPartition(AUDIO_FRAMES.name, number): OffsetAndMetadata(
                commit.offset, json.dumps({"results_from": commit.results_from})
            )
            for number, commit in commits.items()
        }
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._in_thread(lambda: self._consumer.commit(offsets))
        except (KafkaError, TimeoutError) as error:
            log.warning("commit_refused", error=type(error).__name__)
            return False
        return True

    async def _starts(self, numbers: set[int]) -> dict[int, Start]:
        places = _places(numbers)
        if not places:
            return {}
        committed = await self._in_thread(lambda: self._coordinator.fetch_committed_offsets(places))
        beginnings = await self._in_thread(lambda: self._consumer.beginning_offsets(places))
        known = {place: committed[place] for place in places if place in committed and committed[place].offset >= 0}
        from_offsets = {p.partition: _results_from(known[p].metadata) if p in known else 0 for p in places}
        tails = await asyncio.to_thread(self._results.restore, from_offsets)
        return {
            place.partition: Start(
                max(known[place].offset, beginnings[place]) if place in known else beginnings[place],
                tails[place.partition].restored,
                tails[place.partition].end,
            )
            for place in places
        }

    @property
    def _thread(self) -> Any:
        consumer: Any = self._app.consumer
        return consumer._thread  # private

    @property
    def _consumer(self) -> Any:
        return self._thread._consumer  # the client inside Faust's thread: private

    @property
    def _coordinator(self) -> Any:
        return self._consumer._coordinator  # the generation, and commits with their metadata: private

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = self._thread.thread_loop  # private
        return loop

    async def _in_thread(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Run a coroutine of the client in the loop it belongs to."""

        async def run() -> Any:
            return await call()

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(run(), self._loop))

    def _pause_and_resume(self, stop: list[TopicPartition], go: list[TopicPartition]) -> None:
        ours = self._consumer.assignment()
        self._consumer.pause(*[place for place in stop if place in ours])
        self._consumer.resume(*[place for place in go if place in ours])


async def _read_nothing(stream: Any) -> None:
    """The agent is why Faust subscribes; the records come another way."""
    async for _ in stream.noack():
        raise AssertionError("a record took Faust's way")


def _places(numbers: set[int]) -> list[TopicPartition]:
    return [TopicPartition(AUDIO_FRAMES.name, number) for number in sorted(numbers)]


def _results_from(metadata: str | None) -> int:
    """Where the results topic must be read from; its beginning when nobody of this group has said."""
    try:
        return int(json.loads((metadata or "").rstrip("\x00"))["results_from"])
    except (ValueError, KeyError, TypeError):
        return 0
