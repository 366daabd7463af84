"""One worker process: the real `Worker`, fed and committed for as the Faust shell does it, each step by hand."""

from collections.abc import Coroutine
from dataclasses import dataclass

from schemas.dead_letter import RawRecord
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.partitions.lease import Lease
from stream_processors.transcription.partitions.worker import Appended, Commit, Worker
from stream_processors.transcription.providers.interface import Capabilities, SessionRequest
from stream_processors.transcription.routing.choice import Choice
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.pipeline import Bench
from tests.fakes.transcription_world.broker import Broker, WorldOutlet
from tests.fakes.transcription_world.clock import WorldClock
from tests.fakes.transcription_world.cloud import Cloud, CloudSession, Tell

SESSION_TIMEOUT_MS = 6_000
UNSENT_LIMIT_MS = 20_000
BATCH = 30
PAUSE_CHECK = 20


@dataclass(frozen=True)
class Rules:
    """What workers keep to; a test breaks one to see that it matters."""

    commit_holds_back: bool = True
    cursor_is_read_back: bool = True
    pause_skips_nothing: bool = True
    lease: bool = True


@dataclass(frozen=True)
class Service:
    """A provider of the world, as a bench knows it."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class WorldBench(Bench):
    """Opens sessions in the cloud."""

    cloud: Cloud | None = None

    def open(self, provider: str, request: SessionRequest, tell: Tell) -> CloudSession:  # type: ignore[override]
        assert self.cloud
        return self.cloud.open(self.worker_id, provider, request, tell, self.clock.monotonic_ms())


class EternalLease(Lease):
    """Never runs out: what a worker without the rule would do."""

    def valid(self, now_ms: float) -> bool:
        return True


class Node:
    """A member of the group. `stopped`: SIGSTOP."""

    def __init__(
        self, name: str, broker: Broker, cloud: Cloud, clock: WorldClock, services: list[Capabilities]
    ) -> None:
        self.name = name
        self.stopped = False
        self.rules = Rules()
        self.owned: dict[int, int] = {}
        self.generation = -1
        self.heard_of_at_ms = clock.ms
        self.outlet = WorldOutlet(broker)
        self._broker = broker
        self._clock = clock
        self._services = services
        self._cloud = cloud
        self._paused: set[int] = set()
        self.worker: Worker

    def begin(self, rules: Rules) -> None:
        self.rules = rules
        lease = Lease(SESSION_TIMEOUT_MS) if rules.lease else EternalLease(SESSION_TIMEOUT_MS)
        names = [each.provider for each in self._services]
        bench = WorldBench(
            providers={each.provider: Service(each) for each in self._services},  # type: ignore[dict-item]
            choices=tuple(Choice(name) for name in names),
            router=Router(),
            clock=self._clock,
            gate=GateSettings(),
            label="live",
            worker_id=self.name,
            session_idle_ms=3_000,
            idle_stream_ms=2_000,
            cloud=self._cloud,
        )
        self.worker = Worker(bench, self._broker.codec, self.outlet, lease, unsent_limit_ms=UNSENT_LIMIT_MS)

    def assigned(self, partitions: set[int]) -> None:
        """The group has decided; what stayed is kept when no generation was missed."""
        kept = partitions & set(self.owned) if self.generation == self._broker.generation - 1 else set()
        read_back = self.rules.cursor_is_read_back
        starts = {n: self._broker.start(n, reads_cursors=read_back) for n in partitions - kept}
        self.worker.assigned(kept, starts)
        self.owned = {n: self._broker.start(n).next_offset for n in partitions}
        self.generation = self._broker.generation
        self.heard_of_at_ms = self._clock.ms
        self._paused = set()

    def revoked(self) -> None:
        """Asked by the group, in time: stop writing, let everything get there, commit."""
        self.worker.revoked()
        self.outlet.drain()
        self._broker.commit(self._commits(), self.generation)

    def read(self) -> None:
        """A batch of every partition that is not paused; what was left out is read again."""
        self._pause()
        self.owned |= {n: offset for n, offset in self.worker.plan.missing().items() if n in self.owned}
        for number in [] if self._broker.away else sorted(self.owned):
            for record, appended_ms in self._batch(number):
                if number in self._paused:
                    self._overflow(number)
                    break
                _at_once(self.worker.feed(record, int(appended_ms)))
                self.owned[number] = record.offset + 1
                if record.offset % PAUSE_CHECK == 0:
                    self._pause()

    def catch_up(self) -> None:
        """Streams that were left alone hear some more of what lies on the log."""
        for wanted in [] if self._broker.away else self.worker.catch_ups():
            records = self._broker.audio[wanted.partition.number][wanted.start : wanted.start + BATCH]
            _at_once(self.worker.hear(wanted, [Appended(record, int(at_ms)) for record, at_ms in records]))

    def leave_records_out(self, most: int) -> None:
        """The consumer goes on behind records it never handed over."""
        for number in self.owned:
            end = len(self._broker.audio[number])
            self.owned[number] = min(self.owned[number] + most, max(self.owned[number], end - 1))

    def commit(self) -> None:
        sent_at_ms = self._clock.ms
        if self._broker.commit(self._commits(), self.generation):
            self.heard_of_at_ms = sent_at_ms
            self.worker.renewed(sent_at_ms)

    def tick(self) -> None:
        if not self._broker.away:
            ends = {number: len(self._broker.audio[number]) for number in self.owned}
            self.worker.plan.behind(ends, self._clock.ms)
        self.worker.tick()

    def _commits(self) -> dict[int, Commit]:
        commits = self.worker.commits()
        if self.rules.commit_holds_back:
            return commits
        return {n: Commit(self.owned[n], commit.results_from) for n, commit in commits.items() if n in self.owned}

    def _batch(self, number: int) -> list[tuple[RawRecord, float]]:
        at = self.owned[number]
        return self._broker.audio[number][at : at + BATCH]

    def _pause(self) -> None:
        self._paused = self.worker.plan.paused()

    def _overflow(self, number: int) -> None:
        """What was fetched before the pause: aiokafka gives it again later, Faust's own pause throws it away."""
        if not self.rules.pause_skips_nothing:
            self.owned[number] = min(self.owned[number] + BATCH, len(self._broker.audio[number]))


def _at_once(waiting: Coroutine[object, object, None]) -> None:
    """The registry is never away here, so a worker waits for nothing."""
    try:
        waiting.send(None)
    except StopIteration:
        return
    raise AssertionError("feeding a record waited")
