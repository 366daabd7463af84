"""Webhook deliveries per core-second through Kafka with receivers that keep connections, against a bare aiohttp client loop."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from infra.benchmarks.webhook_stand import WebhookStand
from infra.local.cluster import own_cluster
from infra.result import Result
from schemas.settings import LocalSettings

NAME = "webhooks_throughput"
ENDPOINTS, BOTS, DELIVERIES = 20, 40, 20_000
BODY_BYTES = 1_800
LEAST_PER_CORE_S = 5_000


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Processor seconds of the whole sink, from reading a delivery to its attempt on the log and the commit."""
    with TemporaryDirectory(prefix="earshot-bench-") as name, own_cluster(settings, Path(name)) as cluster:
        stand = WebhookStand(cluster.environment, Path(name), endpoints=ENDPOINTS)
        with stand.running() as sink:
            before_s = _spent_s(sink)
            for number in range(DELIVERIES):
                stand.send(number % ENDPOINTS, f"bot_{number // ENDPOINTS % BOTS}", BODY_BYTES)
            stand.flush()
            stand.wait_for(DELIVERIES)
            sink_s = _spent_s(sink) - before_s
            raw = (sys.executable, "-m", "infra.benchmarks.raw_poster", stand.url(0), str(DELIVERIES), str(BODY_BYTES))
            raw_s = float(subprocess.run(raw, check=True, capture_output=True, text=True).stdout)
    per_core_s = round(DELIVERIES / sink_s)
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=per_core_s >= LEAST_PER_CORE_S,
        figures={
            "deliveries": DELIVERIES,
            "deliveries_per_core_s": per_core_s,
            "raw_aiohttp_per_core_s": round(DELIVERIES / raw_s),
            "ratio": round(raw_s / sink_s, 3),
        },
    )


def _spent_s(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))
