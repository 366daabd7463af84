"""`earshot turns` as a process: checks what it needs, runs the stage, watches it, ends it. Shell."""

import asyncio
import os
import signal
from typing import Any, cast

import structlog

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.errors import EarshotError, Unavailable
from schemas.garbage import spare_what_stays
from schemas.registry import Registry
from schemas.settings import TurnsSettings
from schemas.telemetry import PROGRESS_AT
from schemas.timebase import SystemClock
from stream_processors.kept import kept
from stream_processors.leaving import leave
from stream_processors.turns.group.faust_shell import (
    SESSION_TIMEOUT_S,
    GuardedConsumer,
    make_app,
    read,
)
from stream_processors.turns.group.startup import changelog_of, demand_services
from stream_processors.turns.log.lag import Lag
from stream_processors.turns.log.outlet import STAGE, Outlet
from stream_processors.turns.log.snapshots import Snapshots
from stream_processors.turns.progress import STALL_LIMIT_S, Lease, Progress, Signs
from stream_processors.turns.stage import INPUTS, Fence, Stage, Standing

log = structlog.get_logger()
INPUT_NAMES = [topic.name for topic in INPUTS]
ASSIGNMENT_DEADLINE_S = 30.0
TICK_S = 0.5
FLUSH_S = 4.0
LAG_EVERY_S = 5.0
EXIT_FENCED = 4


def run(settings: TurnsSettings) -> None:
    """Runs until SIGTERM or SIGINT; raises EarshotError when it cannot start or cannot go on."""
    registry = Registry(settings.schema_registry_url)
    demand_services(settings, registry, changelog_of(settings.turns_consumer_group))
    asyncio.run(_run(settings, registry))


async def _run(settings: TurnsSettings, registry: Registry) -> None:
    await Worker(settings, registry).run()


class Worker:
    """One member of the group. Make it inside a running loop."""

    def __init__(self, settings: TurnsSettings, registry: Registry) -> None:
        group, servers = settings.turns_consumer_group, settings.kafka_bootstrap_servers
        self._clock = SystemClock()
        folder = settings.var_dir / "turns" / group
        folder.mkdir(parents=True, exist_ok=True)
        self._app = make_app(group, servers, folder)
        codec = Codec(registry)
        outlet = Outlet(servers, codec)
        self._outlet = outlet
        self._snapshots = Snapshots(servers, changelog_of(group), outlet.store)
        self._stage = Stage(codec, outlet, self._snapshots, self._clock)
        self._owned: set[int] = set()
        self._generation = 0
        self._lag = Lag(servers, group)
        self._progress = Progress(self._now_s())
        self._lease = Lease(SESSION_TIMEOUT_S - 1, self._now_s())
        self._assigned = asyncio.Event()
        self._stop = asyncio.Event()
        self._applied = 0

    async def run(self) -> None:
        """The process's life: join, work until told to stop, leave."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        read(self._app, INPUT_NAMES, self._handle)
        self._app.on_partitions_revoked.connect(self._on_revoked)
        self._app.on_rebalance_complete.connect(self._on_assigned)
        work = [asyncio.create_task(each) for each in (self._run_app(), self._join(), self._tick(), self._watch())]
        try:
            await self._until_stopped(work)
        finally:
            for task in work:
                task.cancel()
            await leave(STAGE, self._app.stop())
            self._snapshots.close()

    async def _until_stopped(self, work: list[asyncio.Task[None]]) -> None:
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait([stop, *work], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stop}:
            task.result()

    async def _run_app(self) -> None:
        await self._app.start()
        spare_what_stays()
        log.info("ready", stage=STAGE)
        await self._app.wait_until_stopped()
        reason = self._app.crash_reason
        raise EarshotError(
            f"the worker broke: {type(reason).__name__}: {reason}", remedy="see the log above; restart it"
        )

    async def _join(self) -> None:
        try:
            await asyncio.wait_for(self._assigned.wait(), ASSIGNMENT_DEADLINE_S)
        except TimeoutError as error:
            raise Unavailable(
                f"Kafka lets this worker connect, but its group gave it no answer in {ASSIGNMENT_DEADLINE_S:.0f} s",
                remedy=f"see the broker's log; may it read {', '.join(INPUT_NAMES)} and join its group?",
            ) from error
        await asyncio.Future()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if not self._lease.renew(self._now_s()):
                _end_at_once()
            if not self._app.rebalancing:
                await cast(GuardedConsumer, self._app.consumer).read_missing_again()

    async def _watch(self) -> None:
        """End a worker that gets nothing done though there is something to do; its supervisor starts another."""
        while True:
            await asyncio.sleep(LAG_EVERY_S)
            ours = {(tp.topic, tp.partition) for tp in self._app.consumer.assignment() if tp.topic in INPUT_NAMES}
            behind = await asyncio.to_thread(self._lag.is_behind, ours)
            signs = Signs(self._applied, behind, self._app.rebalancing, self._stage.waiting)
            stalled_s = self._progress.stalled_for_s(signs, self._now_s())
            if stalled_s == 0 and not signs.waiting:
                PROGRESS_AT.labels(STAGE).set(self._clock.now_us() / 1e6)
            if stalled_s >= LAG_EVERY_S and not signs.rebalancing:
                await cast(GuardedConsumer, self._app.consumer).read_all_again()
            if stalled_s > STALL_LIMIT_S:
                raise Unavailable(f"no record applied for {stalled_s:.0f} s though there are some", remedy="restart it")

    async def _handle(self, raw: RawRecord, fence: Fence) -> bool:
        def in_time() -> Standing:
            if not self._lease.holds(self._now_s()):
                _end_at_once()
            return fence()

        done = await self._stage.handle(raw, in_time)
        self._applied += done
        return done

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        """Awaited before the group goes on without us: the next owner reads what is on the log by then."""
        await self._outlet.drained(FLUSH_S)

    async def _on_assigned(self, *_: Any, **__: Any) -> None:
        """Awaited before the first record of the new assignment. What stayed ours nobody else has written meanwhile."""
        generation = self._app.consumer_generation_id
        ours = {tp.partition for tp in self._app.consumer.assignment() if tp.topic in INPUT_NAMES}
        stayed = kept(ours, self._owned, generation, self._generation)
        await self._snapshots.own(ours, stayed)
        self._owned, self._generation = ours, generation
        self._assigned.set()
        log.info("assigned", stage=STAGE, generation=generation, partitions=sorted(ours), kept=sorted(stayed))

    def _now_s(self) -> float:
        return self._clock.monotonic_ms() / 1000


def _end_at_once() -> None:
    """This process was stopped for longer than its group waits: whatever it holds may be another worker's by now."""
    log.error("fenced", stage=STAGE, remedy="start it again")
    os._exit(EXIT_FENCED)
