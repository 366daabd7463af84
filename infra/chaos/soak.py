"""`make chaos SCENARIO=soak`: nothing but time, then two kills.

Synthetic bots speak without a pause; two transcription workers hear them by a fake service, two turns workers settle the
words. Their memory must stay flat. At the end a worker of each kind is killed for good: `…_stall_s` is the longest that
the records of one bot then stayed away, ten seconds at most.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree

import psutil
from confluent_kafka import Consumer

from infra import consumer_groups
from infra.chaos.memory import Memory, Sample, judged
from infra.chaos.scenario import Run
from infra.chaos.silences import Silences
from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.cluster import Cluster, own_cluster
from infra.local.daemon import Daemon
from infra.local.ports import HOST, answers, free_ports
from infra.local.stack import Stack
from infra.result import Figure, Result
from schemas.errors import Unavailable
from schemas.kafka_client import consumer_config
from schemas.topics import STT_RESULTS, TRANSCRIPT_PARTIALS

NAME = "soak"
REPOSITORY = Path(__file__).parents[2]
BOTS, SPEAKERS = 6, 2
WORKERS = ("transcribe-1", "transcribe-2", "turns-1", "turns-2")
KILLED = {"transcribe-1": STT_RESULTS.name, "turns-1": TRANSCRIPT_PARTIALS.name}
GROUPS = {
    "transcribe": consumer_groups.TRANSCRIBE,
    "turns": consumer_groups.TURNS,
}
START_S, SAMPLE_S, BEFORE_S, AFTERWARDS_S = 120.0, 5.0, 10.0, 40.0
LONGEST_STALL_S = 10.0


def run(asked: Run) -> Result:
    """On services of the run's own; the logs of every process stay in var/chaos/soak."""
    folder = asked.settings.var_dir / "chaos" / NAME
    rmtree(folder, ignore_errors=True)
    with own_cluster(asked.settings, folder) as cluster, _running(cluster, folder, asked) as workers:
        memory = {name: judged(samples) for name, samples in _watched(workers, asked.minutes).items()}
        stalls = _killed(workers, cluster)
    passed = all(each.flat for each in memory.values()) and all(each.short for each in stalls.values())
    figures = _figures(memory) | {f"{name}_stall_s": round(each.seconds, 1) for name, each in stalls.items()}
    return Result(name=NAME, command=asked.command, seed=asked.seed, passed=passed, figures=figures)


@dataclass(frozen=True)
class Stall:
    """The longest that the records of one of `bots` stayed away."""

    seconds: float
    bots: int

    @property
    def short(self) -> bool:
        """Ten seconds at most, of every bot."""
        return self.seconds <= LONGEST_STALL_S and self.bots == BOTS


@contextmanager
def _running(cluster: Cluster, folder: Path, asked: Run) -> Iterator[dict[str, Daemon]]:
    """The fake service, the workers and the bots."""
    [port] = free_ports(1)
    settings = {**cluster.environment, **_settings(port)}
    service = Daemon(Stage("deepgram", _service(port), settings, partial(answers, port)), folder, die_with_us=True)
    workers = {name: _worker(name, settings, cluster, folder) for name in WORKERS}
    load = ("--numbers", "--talking", "1", "--bots", str(BOTS), "--speakers", str(SPEAKERS), "--duration", "0")
    command = (EARSHOT, "synthetic", *load, "--seed", str(asked.seed))
    bots = Daemon(Stage("bots", command, settings, lambda: True), folder, die_with_us=True)
    everything = Stack([service, *workers.values(), bots])
    try:
        everything.up(START_S)
        yield workers
    finally:
        everything.down(5)


def _settings(port: int) -> dict[str, str]:
    return {
        "EARSHOT_PROVIDER": "deepgram",
        "EARSHOT_DEEPGRAM_URL": f"ws://{HOST}:{port}/v1/listen",
        "EARSHOT_DEEPGRAM_API_KEY": "of-the-fake",
        "EARSHOT_SESSION_TIMEOUT_MS": "6000",
        "EARSHOT_VAD": "webrtc",
    }


def _service(port: int) -> tuple[str, ...]:
    """The fake belongs to the tests, so it is run from the repository."""
    fake = (sys.executable, "-m", "tests.fakes.stt", "deepgram", "--port", str(port), "--knob", "words=spoken")
    return ("env", "-C", str(REPOSITORY), *fake)


def _worker(name: str, settings: Mapping[str, str], cluster: Cluster, folder: Path) -> Daemon:
    groups, command = Groups(cluster.bootstrap_servers), name.split("-", maxsplit=1)[0]
    return Daemon(
        Stage(name, (EARSHOT, command), settings, lambda: groups.has_partitions(GROUPS[command])),
        folder,
        die_with_us=True,
    )


def _watched(workers: Mapping[str, Daemon], minutes: float) -> dict[str, list[Sample]]:
    """Everybody's memory over the run."""
    began_s = time.monotonic()
    samples: dict[str, list[Sample]] = {name: [] for name in workers}
    while (at_s := time.monotonic() - began_s) < minutes * 60:
        for name, worker in workers.items():
            samples[name].append(Sample(at_s, _resident_mb(worker)))
        time.sleep(SAMPLE_S)
    return samples


def _resident_mb(worker: Daemon) -> float:
    process = worker.process()
    if process is None:
        raise Unavailable(
            f"{worker.service.name} ended by itself: {worker.last_words()}", remedy=f"see {worker.log_file}"
        )
    resident: int = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    return resident / 1e6


def _killed(workers: Mapping[str, Daemon], cluster: Cluster) -> dict[str, Stall]:
    """Kill one of each kind for good, and see how long a bot's records stay away."""
    stalls: dict[str, Stall] = {}
    for name, topic in KILLED.items():
        with _reading(cluster, topic) as consumer:
            silences = Silences()
            _listen(consumer, silences, BEFORE_S)
            process = workers[name].process()
            assert isinstance(process, psutil.Process)
            process.kill()
            _listen(consumer, silences, AFTERWARDS_S)
            stalls[name.split("-", maxsplit=1)[0]] = Stall(silences.longest_s(time.monotonic()), len(silences))
    return stalls


@contextmanager
def _reading(cluster: Cluster, topic: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {**consumer_config(cluster.bootstrap_servers, f"{NAME}-{topic}"), "auto.offset.reset": "latest"}
    )
    consumer.subscribe([topic])
    try:
        yield consumer
    finally:
        consumer.close()


def _listen(consumer: Consumer, silences: Silences, seconds: float) -> None:
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            silences.heard(message.key() or b"", time.monotonic())


def _figures(memory: Mapping[str, Memory]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for name, each in memory.items():
        short = name.replace("-", "_")
        figures[f"{short}_first_mb"] = round(each.first_mb, 1)
        figures[f"{short}_last_mb"] = round(each.last_mb, 1)
        figures[f"{short}_mb_per_minute"] = round(each.mb_per_minute, 2)
    return figures
