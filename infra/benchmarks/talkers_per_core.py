"""How many people who talk without a pause one core can send to a cloud provider in time.

More and more of them talk, until the 99th percentile from a frame's append on Kafka to its bytes on the provider's socket
is over the bound, which is the knee, or the machine cannot make more of them talk. The worker has a core of its own; the fake
provider hears every word exactly.

Beside it, at the same load and on the same core, an agent of Faust that does nothing: the ratio of the two says the same on any
machine. 250 talkers are 400 us a record; where such an agent costs 149 us, that is 2.7 times as much.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

from infra.benchmarks.histogram import Histogram, histogram, total
from infra.benchmarks.one_worker import WORKER_CORE, OneWorker, cpu_s, on_cores, one_worker
from infra.result import Figure, Result
from schemas.settings import LocalSettings
from schemas.topics import AUDIO_FRAMES

NAME = "talkers_per_core"
SPEAKERS = 5
FIRST, STEP, MOST = 50, 50, 600
ALL_BUT = 0.9
BOUND_P99_MS = 150.0
WANTED = 250
WARM_S, MEASURED_S = 20.0, 12.0
SEND_DELAY = "earshot_stt_send_delay_seconds"
APPEND_DELAY = "earshot_stt_append_delay_seconds"
FRAMES_READ = "earshot_records_read_total"
SENDS_A_SECOND = 10
BARE_FAUST_US = 149.0
MOST_RATIO = 1e6 / (WANTED * SENDS_A_SECOND) / BARE_FAUST_US


@dataclass(frozen=True)
class Step:
    """One load: how long audio and results took, what the worker spent on it, and what share of what it read it sent."""

    talkers: int
    send: Histogram
    append: Histogram
    core: float
    length_s: float
    records: float
    rss_mb: float

    @property
    def heard(self) -> float:
        """How many talked as far as the log says: the bots' core may be full before the worker's is."""
        return self.records / self.length_s / SENDS_A_SECOND

    @property
    def sent_share(self) -> float:
        return self.send.count / max(1.0, self.records)

    @property
    def us_per_record(self) -> float:
        return self.core * self.length_s * 1e6 / max(1.0, self.records)

    @property
    def in_time(self) -> bool:
        p99_ms = self.send.quantile_ms(0.99)
        return p99_ms is not None and p99_ms <= BOUND_P99_MS and self.sent_share > 0.95


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Step up until it breaks; the bound is on what a record costs at the last load that was in time."""
    folder = settings.var_dir / "bench" / NAME
    steps: list[Step] = []
    with one_worker(settings, folder, "words=spoken", "interim_every_ms=2000") as ground:
        for talkers in range(FIRST, MOST + 1, STEP):
            steps.append(measured(ground, talkers, seed))
            if not steps[-1].in_time or steps[-1].heard < ALL_BUT * talkers:
                break
        good = [step for step in steps if step.in_time]
        bare_us = _bare_faust_us(ground, good[-1].talkers if good else FIRST, seed)
    ratio = good[-1].us_per_record / bare_us if good else None
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=ratio is not None and ratio <= MOST_RATIO,
        figures={
            "talkers": round(good[-1].heard) if good else 0,
            "wanted": WANTED,
            "bound_p99_ms": BOUND_P99_MS,
            "bare_faust_us_per_record": round(bare_us),
            "ratio": round(ratio, 2) if ratio else None,
            "most_ratio": round(MOST_RATIO, 2),
            "talkers_at_149_us": round(1e6 / SENDS_A_SECOND / BARE_FAUST_US / ratio) if ratio else None,
            **{name: value for step in steps for name, value in _figures(step).items()},
        },
    )


def _bare_faust_us(ground: OneWorker, talkers: int, seed: int) -> float:
    """What a record costs an agent that does nothing, at that load and on the worker's core."""
    bare = ("-m", "infra.benchmarks.bare_faust", ground.cluster.bootstrap_servers, AUDIO_FRAMES.name, str(MEASURED_S))
    with ground.bots("bots-beside-faust", *_options(talkers, seed)):
        time.sleep(WARM_S)
        command = (*on_cores({WORKER_CORE}), sys.executable, *bare)
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measured(ground: OneWorker, talkers: int, seed: int) -> Step:
    """One load, watched once everybody talks."""
    with ground.bots(f"bots-{talkers}", *_options(talkers, seed)):
        time.sleep(WARM_S)
        process, began_s = ground.process(), time.monotonic()
        before, spent_before_s = ground.metrics(), cpu_s(process)
        time.sleep(MEASURED_S)
        after, length_s = ground.metrics(), time.monotonic() - began_s
        records = total(after, FRAMES_READ) - total(before, FRAMES_READ)
        send = histogram(after, SEND_DELAY).since(histogram(before, SEND_DELAY))
        return Step(
            talkers=talkers,
            send=send,
            append=histogram(after, APPEND_DELAY).since(histogram(before, APPEND_DELAY)),
            core=(cpu_s(process) - spent_before_s) / length_s,
            length_s=length_s,
            records=records,
            rss_mb=process.memory_info().rss / 1e6,
        )


def _options(talkers: int, seed: int) -> tuple[str, ...]:
    people = ("--bots", str(talkers // SPEAKERS), "--speakers", str(SPEAKERS), "--talking", "1")
    return (*people, "--seed", str(seed), "--duration", "0")


def _figures(step: Step) -> dict[str, Figure]:
    at = f"at_{step.talkers}"
    return {
        f"{at}_send_ms_p50": step.send.quantile_ms(0.5),
        f"{at}_send_ms_p99": step.send.quantile_ms(0.99),
        f"{at}_core": round(step.core, 3),
        f"{at}_us_per_record": round(step.us_per_record),
        f"{at}_heard": round(step.heard),
        f"{at}_sent_share": round(step.sent_share, 3),
        f"{at}_rss_mb": round(step.rss_mb),
    }
