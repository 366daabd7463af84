"""`make chaos SCENARIO=transcription`: the run on one page.

Synthetic bots speak numbers; two fake services (primary and fallback) hear them for two workers; a turns worker settles
them. One after another the services, the workers and the broker are killed, or stopped for a while. When the bots are done
and the log has drained, what every transcript says is held against what was said.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree

import click

from infra import consumer_groups
from infra.chaos.faults import Inflicted, inflict, keep
from infra.chaos.scenario import Run
from infra.chaos.schedule import kills, with_pauses
from infra.chaos.transcription.evidence import Evidence, said
from infra.chaos.transcription.judge import Words, clean, judge, suspects, with_word_twice, without_word
from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.cluster import Cluster, own_cluster
from infra.local.daemon import Daemon
from infra.local.ports import HOST, answers, free_ports
from infra.local.stack import Stack
from infra.result import Result
from schemas.errors import Unavailable

NAME = "transcription"
REPOSITORY = Path(__file__).parents[3]
BOTS, SPEAKERS, TALKING = 6, 2, 0.5
WORKERS = ("worker-1", "worker-2")
PROVIDERS = ("deepgram", "assemblyai")
BROKER = "kafka"
START_S, DRAIN_S, LOOK_S = 120.0, 240.0, 2.0
AFTER_S = 10.0


@dataclass(frozen=True)
class River:
    """Everything that runs; `victims` may die."""

    victims: Mapping[str, Daemon]
    turns: Daemon
    bots: Daemon
    script: Path


def run(asked: Run) -> Result:
    """On services of the run's own; the logs of every process stay in var/chaos/transcription."""
    folder = asked.settings.var_dir / "chaos" / NAME
    rmtree(folder, ignore_errors=True)
    with own_cluster(asked.settings, folder) as cluster:
        river = _river(cluster, folder, asked)
        everything = Stack([*river.victims.values(), river.turns])
        try:
            inflicted = _disturbed(river, asked)
            _drained(river, cluster)
            return _judged(river, cluster, asked, inflicted)
        finally:
            Stack([river.bots]).down(3)
            everything.down(5)


def _river(cluster: Cluster, folder: Path, asked: Run) -> River:
    ports = dict(zip(PROVIDERS, free_ports(len(PROVIDERS)), strict=True))
    script = folder / "script.jsonl"
    groups = Groups(cluster.bootstrap_servers)
    environment = {**cluster.environment, **_provider_settings(ports)}

    def daemon(name: str, command: tuple[str, ...], serves: Callable[[], bool]) -> Daemon:
        return Daemon(Stage(name, command, environment, serves, keeps_log=True), folder, die_with_us=True)

    def has_partitions(group: str) -> bool:
        return groups.has_partitions(group)

    group = consumer_groups.TRANSCRIBE
    turns_group = consumer_groups.TURNS
    services = {name: daemon(name, _service(name, port), partial(answers, port)) for name, port in ports.items()}
    workers = {name: daemon(name, (EARSHOT, "transcribe"), lambda: has_partitions(group)) for name in WORKERS}
    turns = daemon("turns", (EARSHOT, "turns"), lambda: has_partitions(turns_group))
    bots = daemon("bots", _bots(script, asked), script.exists)
    return River({**services, **workers, BROKER: cluster.kafka}, turns, bots, script)


def _provider_settings(ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "EARSHOT_PROVIDER": PROVIDERS[0],
        "EARSHOT_PROVIDER_FALLBACKS": ",".join(PROVIDERS[1:]),
        "EARSHOT_DEEPGRAM_URL": f"ws://{HOST}:{ports['deepgram']}/v1/listen",
        "EARSHOT_DEEPGRAM_API_KEY": "of-the-fake",
        "EARSHOT_ASSEMBLYAI_URL": f"ws://{HOST}:{ports['assemblyai']}/v3/ws",
        "EARSHOT_ASSEMBLYAI_API_KEY": "of-the-fake",
        "EARSHOT_SESSION_TIMEOUT_MS": "6000",
        "EARSHOT_VAD": "webrtc",  # a detector that knows human voices well takes numbers for none
        "EARSHOT_STARTUP_TIMEOUT_S": "30",
    }


def _service(vendor: str, port: int) -> tuple[str, ...]:
    """A fake service, which hears the numbers; it belongs to the tests, so it is run from the repository."""
    fake = (sys.executable, "-m", "tests.fakes.stt", vendor, "--port", str(port), "--knob", "words=spoken")
    return ("env", "-C", str(REPOSITORY), *fake)


def _bots(script: Path, asked: Run) -> tuple[str, ...]:
    load = ("--numbers", "--bots", str(BOTS), "--speakers", str(SPEAKERS), "--talking", str(TALKING))
    length = ("--duration", str(asked.minutes * 60 + AFTER_S), "--seed", str(asked.seed))
    return (EARSHOT, "synthetic", *load, *length, "--script", str(script))


def _disturbed(river: River, asked: Run) -> Inflicted:
    """The meetings, and everything that happens to those who listen."""
    Stack([*river.victims.values(), river.turns]).up(START_S)
    Stack([river.bots]).up(START_S)
    planned = kills(sorted(river.victims), asked.minutes * 60, asked.seed)
    return inflict(with_pauses(planned, {*WORKERS, *PROVIDERS}, asked.seed), river.victims, BROKER, click.echo)


def _drained(river: River, cluster: Cluster) -> None:
    """Until the bots are done and every transcript is announced as whole."""
    everybody = {**river.victims, "turns": river.turns}
    _until(lambda: river.bots.process() is None, everybody, "the bots are done")
    bot_ids = _told(river.bots, "started")["bot_ids"]
    _told(river.bots, "done")
    evidence = Evidence(cluster)
    _until(lambda: evidence.announced() >= set(bot_ids), everybody, "every transcript is whole")


def _until(done: Callable[[], bool], everybody: Mapping[str, Daemon], what: str) -> None:
    ends_s = time.monotonic() + DRAIN_S
    while not done():
        keep(everybody)
        if time.monotonic() > ends_s:
            raise Unavailable(f"not within {DRAIN_S:.0f} s: {what}", remedy=f"the logs are in var/chaos/{NAME}")
        time.sleep(LOOK_S)


def _told(bots: Daemon, event: str) -> dict[str, list[str]]:
    """What the bots' process printed; raises Unavailable when it did not come so far."""
    for line in bots.log_file.read_text("utf-8").splitlines():
        if line.startswith(f'{{"event": "{event}"'):
            found: dict[str, list[str]] = json.loads(line)
            return found
    raise Unavailable(f"the synthetic bots did not get to {event}: {bots.last_words()}", remedy=f"see {bots.log_file}")


def _judged(river: River, cluster: Cluster, asked: Run, inflicted: Inflicted) -> Result:
    evidence, script = Evidence(cluster), said(river.script)
    turns, results = evidence.turns(), evidence.results()
    verdict, raw = judge(script, turns.words), judge(script, results.words)
    controls = _controls(script, turns.words)
    if not clean(verdict):
        evidence.keep(suspects(script, turns.words), river.script.with_name("suspects.jsonl"))
    sessions = evidence.sessions()
    return Result(
        name=NAME,
        command=asked.command,
        seed=asked.seed,
        passed=clean(verdict) and controls == 2,
        figures={
            "faults": inflicted.faults,
            "words_said": verdict.said,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "reordered": verdict.reordered,
            "invented": verdict.invented,
            "max_stall_s": round(results.stall_s, 1),
            "broker_away_s": round(inflicted.longest_away_s, 1),
            "raw_lost": raw.lost,
            "raw_doubled": raw.doubled,
            "sessions_opened": sessions["opened"],
            "failovers": sessions["failover"],
            "controls_caught": controls,
        },
    )


def _controls(script: Words, heard: Words) -> int:
    """How many of two broken transcripts the judge refuses: one word missing, one word twice."""
    middle = sum(map(len, heard.values())) // 2
    before = judge(script, heard)
    missing, twice = judge(script, without_word(heard, middle)), judge(script, with_word_twice(heard, middle))
    return (missing.lost > before.lost and not missing.whole) + (twice.doubled > before.doubled and not twice.whole)
