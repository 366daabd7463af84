"""SHELL: one `earshot transcribe` process: what it needs at start, its loops, and its end."""

import asyncio
import secrets
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from schemas.codec import Codec
from schemas.errors import EarshotError, Unavailable
from schemas.garbage import spare_what_stays
from schemas.registry import Registry
from schemas.settings import TranscribeSettings
from schemas.telemetry import PROCESS_ERRORS
from schemas.timebase import SystemClock
from schemas.topics import AUDIO_FRAMES
from stream_processors.leaving import leave
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.hearing.silero import confirmer
from stream_processors.transcription.log.faust_shell import GroupMember, make_app
from stream_processors.transcription.log.left_audio import LeftAudio
from stream_processors.transcription.log.liveness import Liveness
from stream_processors.transcription.log.log_shell import LogOutlet, ResultsLog, demand_services
from stream_processors.transcription.partitions.lease import Lease
from stream_processors.transcription.partitions.scribe import STAGE
from stream_processors.transcription.partitions.worker import Worker
from stream_processors.transcription.providers.interface import Provider
from stream_processors.transcription.providers.registry import make_providers
from stream_processors.transcription.routing.choice import Choice
from stream_processors.transcription.routing.quota import Limits
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.pipeline import Bench

log = structlog.get_logger()
LIVE = "live"
POLL_S = 0.02
TICK_S = 0.2
READ_AGAIN_S = 1.0
LAG_S = 1.0
LIVENESS_S = 5.0
STUCK_MS = 60_000


def make_bench(settings: TranscribeSettings, providers: Mapping[str, Provider], label: str = LIVE) -> Bench:
    """What the pipelines of this process work with; `providers` in the order they are to be tried."""
    return Bench(
        providers=providers,
        choices=tuple(Choice(name) for name in providers),
        router=Router(_limits(settings)),
        clock=SystemClock(),
        gate=GateSettings(settings.preroll_ms, settings.hangover_ms, settings.forced_cut_ms),
        label=label,
        worker_id=secrets.token_hex(8),
        session_idle_ms=settings.session_idle_ms,
        idle_stream_ms=settings.idle_stream_ms,
        confirmer=confirmer(settings.vad),
    )


def unsent_limit_ms(settings: TranscribeSettings) -> int:
    """How much unsent speech of a stream stops the reading.

    An utterance that waits for a decoder must not stop the one that has it from ending: twice the longest, and more.
    """
    return 2 * settings.forced_cut_ms + 10_000


def _limits(settings: TranscribeSettings) -> dict[str, Limits]:
    sessions, new = settings.provider_max_sessions, settings.provider_max_new_sessions_per_minute
    return {name: Limits(sessions.get(name), new.get(name)) for name in {*sessions, *new}}


@asynccontextmanager
async def started(providers: Mapping[str, Provider]) -> AsyncIterator[None]:
    """Every provider ready to be asked, and let go of at the end. Raises EarshotError when one cannot work."""
    async with AsyncExitStack() as stack:
        for provider in providers.values():
            stack.push_async_callback(provider.stop)
            await provider.start()
        yield


async def transcribe(settings: TranscribeSettings) -> None:
    """Run until SIGTERM or SIGINT; raises EarshotError when something needed is away, at start or for good."""
    providers = make_providers(settings)
    registry = Registry(settings.schema_registry_url)
    await asyncio.to_thread(demand_services, settings, registry)
    async with started(providers):
        with tempfile.TemporaryDirectory(prefix="earshot-transcribe-") as folder:
            await _work(settings, providers, registry, Path(folder))


async def _work(settings: TranscribeSettings, providers: dict[str, Provider], registry: Registry, folder: Path) -> None:
    bench = make_bench(settings, providers)
    outlet = LogOutlet(settings.kafka_bootstrap_servers)
    results = ResultsLog(settings.kafka_bootstrap_servers, Codec(registry), LIVE)
    lease, limit_ms = Lease(settings.session_timeout_ms), unsent_limit_ms(settings)
    worker = Worker(bench, Codec(registry), outlet, lease, unsent_limit_ms=limit_ms)
    member = GroupMember(make_app(settings, folder), worker, outlet, results, bench.clock)
    left = LeftAudio(settings.kafka_bootstrap_servers, worker)
    watch = _Watch(settings.consumer_group, worker, member, results, bench)
    loops = [
        _every(POLL_S, lambda: _poll(outlet, member)),
        _every(TICK_S, lambda: _tick(worker, member)),
        _every(settings.commit_interval_ms / 1000, member.commit),
        _every(READ_AGAIN_S, member.read_missing_again),
        _every(TICK_S, left.bring),
        _every(LAG_S, watch.measure),
        _every(LIVENESS_S, watch.look),
    ]
    await member.start()
    spare_what_stays()
    log.info("transcribing", providers=list(providers), group=settings.consumer_group)
    try:
        await _until_told_to_stop(loops)
    finally:
        results.leave()
        await leave(STAGE, member.stop())
        results.close()
        left.close()


async def _until_told_to_stop(loops: Iterable[Awaitable[None]]) -> None:
    """Run the loops until a signal comes or one of them raises."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    tasks = [asyncio.ensure_future(told.wait()), *(asyncio.ensure_future(each) for each in loops)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _every(period_s: float, act: Callable[[], Awaitable[None]]) -> None:
    """An outermost loop: a fault that has no name is counted and the loop goes on."""
    while True:
        try:
            await act()
        except EarshotError:
            raise
        except Exception as error:
            PROCESS_ERRORS.labels(STAGE, type(error).__name__).inc()
            log.exception("loop_broke")
        await asyncio.sleep(period_s)


async def _poll(outlet: LogOutlet, member: GroupMember) -> None:
    outlet.poll()
    if outlet.failure:
        raise outlet.failure
    if member.fault:
        raise Unavailable(f"the consumer group was lost: {member.fault!r}", remedy="see the broker's log; start again")


async def _tick(worker: Worker, member: GroupMember) -> None:
    worker.tick()
    member.pause(worker.plan.paused())


class _Watch:
    """Ends the process when there is something to read and nothing is read."""

    def __init__(self, group: str, worker: Worker, member: GroupMember, results: ResultsLog, bench: Bench) -> None:
        self._group = group
        self._worker = worker
        self._member = member
        self._results = results
        self._bench = bench
        self._liveness = Liveness(STUCK_MS)
        self._behind = False

    async def measure(self) -> None:
        """How far the worker is behind the log."""
        ends = await asyncio.to_thread(self._results.audio_ends, self._worker.plan.positions())
        self._behind = self._worker.plan.behind(ends, self._bench.now().ms)

    async def look(self) -> None:
        """Whether it gets on."""
        progress = self._worker.records_read + self._member.joins
        if self._liveness.stuck(self._bench.now().ms, progress, behind=self._behind or not self._member.joins):
            raise Unavailable(
                f"group {self._group} got no record of {AUDIO_FRAMES.name} for a minute though there are some",
                remedy="start it again; if it says so again, see the broker's log and its ACLs",
            )
        if self._liveness.stands:
            await self._member.read_all_again()
