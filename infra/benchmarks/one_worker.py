"""SHELL: one `earshot transcribe` on a core of its own; the broker, a fake cloud service and the bots on the others."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import httpx
import psutil

from infra import consumer_groups
from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.cluster import Cluster, own_cluster
from infra.local.daemon import Daemon
from infra.local.ports import HOST, answers, free_ports
from infra.local.stack import Stack
from schemas.errors import Unavailable
from schemas.settings import LocalSettings

REPOSITORY = Path(__file__).parents[2]
START_S = 120.0
WORKER_CORE = 0


@dataclass(frozen=True)
class OneWorker:
    """What a benchmark asks and tells."""

    cluster: Cluster
    worker: Daemon
    service_port: int
    metrics_port: int
    folder: Path
    environment: Mapping[str, str]

    def metrics(self) -> str:
        """The worker's own account of itself."""
        return httpx.get(f"http://{HOST}:{self.metrics_port}/metrics", timeout=20).text

    def turn(self, **knobs: object) -> None:
        """Turn the fake service's knobs."""
        httpx.post(f"http://{HOST}:{self.service_port}/knobs", json=knobs, timeout=20).raise_for_status()

    def process(self) -> psutil.Process:
        process = self.worker.process()
        if process is None:
            raise Unavailable(f"the worker has ended: {self.worker.last_words()}", remedy=f"see {self.worker.log_file}")
        return process

    @contextmanager
    def bots(self, name: str, *options: str) -> Iterator[Daemon]:
        """`earshot synthetic` with these options, on the other cores; stopped at the end of the block."""
        command = (*on_cores(_others()), EARSHOT, "synthetic", "--numbers", *options)
        bots = Daemon(Stage(name, command, self.environment, lambda: True), self.folder, die_with_us=True)
        bots.start()
        try:
            yield bots
        finally:
            bots.terminate()
            bots.bury(30)


@contextmanager
def one_worker(settings: LocalSettings, folder: Path, *knobs: str) -> Iterator[OneWorker]:
    """Everything started, the worker in its group; nothing is left running. What an earlier run left in `folder` goes."""
    rmtree(folder, ignore_errors=True)
    with own_cluster(settings, folder) as cluster:
        service_port, metrics_port = free_ports(2)
        environment = {**cluster.environment, **_settings(service_port)}
        for daemon in (cluster.kafka, cluster.registry):
            _move(daemon, _others())
        service = Stage("deepgram", _service(service_port, knobs), environment, lambda: answers(service_port))
        groups = Groups(cluster.bootstrap_servers)
        worker = Stage(
            "worker",
            (*on_cores({WORKER_CORE}), EARSHOT, "transcribe"),
            {**environment, "EARSHOT_METRICS_PORT": str(metrics_port)},
            lambda: groups.has_partitions(consumer_groups.TRANSCRIBE),
        )
        daemons = [Daemon(stage, folder, die_with_us=True) for stage in (service, worker)]
        running = Stack(daemons)
        running.up(START_S)
        try:
            yield OneWorker(cluster, daemons[1], service_port, metrics_port, folder, environment)
        finally:
            running.down()


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds of a process and its children so far."""
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


def _settings(service_port: int) -> dict[str, str]:
    return {
        "EARSHOT_PROVIDER": "deepgram",
        "EARSHOT_DEEPGRAM_URL": f"ws://{HOST}:{service_port}/v1/listen",
        "EARSHOT_DEEPGRAM_API_KEY": "of-the-fake",
        "EARSHOT_VAD": "webrtc",
    }


def _service(port: int, knobs: tuple[str, ...]) -> tuple[str, ...]:
    """The fake belongs to the tests, so it is run from the repository."""
    fake = (sys.executable, "-m", "tests.fakes.stt", "deepgram", "--port", str(port))
    turned = (part for knob in knobs for part in ("--knob", knob))
    return ("env", "-C", str(REPOSITORY), *on_cores(_others()), *fake, *turned)


def _others() -> set[int]:
    """Every core but the worker's; that one too where there is no other."""
    cores = os.sched_getaffinity(0)
    return cores - {WORKER_CORE} or cores


def on_cores(cores: set[int]) -> tuple[str, ...]:
    """What goes before a command that is to run there."""
    return ("taskset", "-c", ",".join(map(str, sorted(cores))))


def _move(daemon: Daemon, cores: set[int]) -> None:
    process = daemon.process()
    if process:
        for thread in process.threads():
            os.sched_setaffinity(thread.id, cores)
