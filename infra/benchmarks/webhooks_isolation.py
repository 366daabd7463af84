"""What ten endpoints that never answer cost the ninety that do: their p99 with and without, in one run."""

import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from infra.benchmarks.webhook_stand import WebhookStand
from infra.local.cluster import own_cluster
from infra.result import Result
from schemas.settings import LocalSettings

NAME = "webhooks_isolation"
ENDPOINTS, HANGING, BOTS = 100, 10, 5
PER_S, SECONDS, WARM_UP_S = 300, 25, 5
BODY_BYTES = 800
MOST_RATIO = 1.5


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Each half on a broker of its own, one after the other; the healthy ninety are looked at in both."""
    without_ms, _ = _healthy_p99_ms(settings, hanging=0)
    with_ms, received = _healthy_p99_ms(settings, hanging=HANGING)
    ratio = with_ms / without_ms
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=ratio <= MOST_RATIO,
        figures={
            "endpoints": ENDPOINTS,
            "hanging": HANGING,
            "healthy_deliveries": received,
            "p99_ms_without": round(without_ms, 1),
            "p99_ms_with": round(with_ms, 1),
            "ratio": round(ratio, 2),
        },
    )


def _healthy_p99_ms(settings: LocalSettings, *, hanging: int) -> tuple[float, int]:
    with TemporaryDirectory(prefix="earshot-bench-") as name, own_cluster(settings, Path(name)) as cluster:
        stand = WebhookStand(cluster.environment, Path(name), endpoints=ENDPOINTS, hanging=hanging)
        with stand.running():
            began_s = time.monotonic()
            for number in range(PER_S * SECONDS):
                while number / PER_S > time.monotonic() - began_s:
                    time.sleep(0.001)
                stand.send(number % ENDPOINTS, f"bot_{number // ENDPOINTS % BOTS}", BODY_BYTES)
            stand.flush()
            stand.wait_for(PER_S * SECONDS * (ENDPOINTS - hanging) // ENDPOINTS)
            report = stand.report()
    warm_up = PER_S * WARM_UP_S // ENDPOINTS
    late_ms = [one for number, all_ms in report.late_ms.items() if number >= HANGING for one in all_ms[warm_up:]]
    return quantiles(late_ms, n=100)[-1], len(late_ms)
