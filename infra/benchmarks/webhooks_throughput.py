"""Webhook deliveries per core-second through Kafka with receivers that keep connections, against a bare aiohttp client loop.

The bound is on the ratio, which says the same on any machine: 5,000 deliveries where the bare loop makes 9,320 posts.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from infra.benchmarks.one_worker import cpu_s
from infra.benchmarks.webhook_stand import WebhookStand
from infra.local.cluster import own_cluster
from infra.result import Result
from schemas.settings import LocalSettings

NAME = "webhooks_throughput"
ENDPOINTS, BOTS, WARM_UP, DELIVERIES = 20, 40, 2_000, 15_000
ROUNDS = 5
BODY_BYTES = 1_800
WANTED_PER_CORE_S, RAW_PER_CORE_S = 5_000, 9_320
LEAST_RATIO = WANTED_PER_CORE_S / RAW_PER_CORE_S


@dataclass(frozen=True)
class Round:
    """Processor seconds for as many deliveries as posts."""

    sink_s: float
    raw_s: float

    @property
    def ratio(self) -> float:
        return self.raw_s / self.sink_s


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """The sink and the bare loop by turns, since a machine changes its pace; the round in the middle counts."""
    with TemporaryDirectory(prefix="earshot-bench-") as name, own_cluster(settings, Path(name)) as cluster:
        stand = WebhookStand(cluster.environment, Path(name), endpoints=ENDPOINTS)
        with stand.running() as sink:
            _send(stand, WARM_UP)
            rounds = [_round(stand, sink) for _ in range(ROUNDS)]
    in_the_middle = sorted(rounds, key=lambda one: one.ratio)[ROUNDS // 2]
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=in_the_middle.ratio >= LEAST_RATIO,
        figures={
            "deliveries": DELIVERIES * ROUNDS,
            "deliveries_per_core_s": round(DELIVERIES / in_the_middle.sink_s),
            "raw_aiohttp_per_core_s": round(DELIVERIES / in_the_middle.raw_s),
            "ratio": round(in_the_middle.ratio, 3),
            "least_ratio": round(LEAST_RATIO, 3),
            "ratios": " ".join(f"{one.ratio:.3f}" for one in rounds),
        },
    )


def _round(stand: WebhookStand, sink: psutil.Process) -> Round:
    """Of the sink everything counts, from reading a delivery to its attempt on the log and the commit."""
    raw = (sys.executable, "-m", "infra.benchmarks.raw_poster", stand.url(0), str(DELIVERIES), str(BODY_BYTES))
    raw_s = float(subprocess.run(raw, check=True, capture_output=True, text=True).stdout)
    before_s = cpu_s(sink)
    _send(stand, DELIVERIES)
    return Round(sink_s=cpu_s(sink) - before_s, raw_s=raw_s)


def _send(stand: WebhookStand, count: int) -> None:
    """Until the receivers have them all."""
    wanted = stand.received() + count
    for number in range(count):
        stand.send(number % ENDPOINTS, f"bot_{number // ENDPOINTS % BOTS}", BODY_BYTES)
    stand.flush()
    stand.wait_for(wanted)
