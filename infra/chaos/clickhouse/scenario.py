"""`make chaos SCENARIO=clickhouse`: the whole matrix under load, over and over, then the comparison with the log."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from infra.chaos.clickhouse.ground import Ground
from infra.chaos.clickhouse.load import Load
from infra.chaos.clickhouse.matrix import MATRIX, SINK, Fault, small_disk
from infra.chaos.clickhouse.verdict import Verdict, judge, prepare
from infra.chaos.scenario import Run
from infra.result import Result

NAME = "clickhouse"
RECORDS_PER_S = 80.0
LEAST_KILLS = 60
log = structlog.get_logger()


def run(asked: Run) -> Result:
    """The matrix once at least, and again until the time is over and enough has been killed."""
    with TemporaryDirectory(prefix="earshot-chaos-", ignore_cleanup_errors=True) as folder:
        ground = Ground(Path(folder), asked.settings.cache_dir)
        with small_disk(ground.data), ground.up():
            verdict = disturb(ground, asked.seed, MATRIX, length_s=asked.minutes * 60, least_kills=LEAST_KILLS)
    return Result(
        name=NAME,
        command=asked.command,
        seed=asked.seed,
        passed=verdict.passed and ground.kills >= LEAST_KILLS,
        figures={"kills": ground.kills, **verdict.figures()},
    )


def disturb(
    ground: Ground,
    seed: int,
    faults: Sequence[Fault],
    *,
    length_s: float = 0.0,
    least_kills: int = 0,
    records_per_s: float = RECORDS_PER_S,
    replay: bool = True,
) -> Verdict:
    """Every fault once in an order drawn from the seed, then again so long; then what came of it."""
    chance = random.Random(seed)  # noqa: S311 - a seed that gives the same faults again
    prepare(ground, ground.database)
    load = Load(ground.bootstrap_servers, ground.registry_url, seed, records_per_s)
    load.start()
    try:
        ends = time.monotonic() + length_s
        ground.start_sink()
        _all(ground, chance, faults)
        while time.monotonic() < ends:
            _all(ground, chance, faults, ends)
        while ground.kills < least_kills:
            _all(ground, chance, SINK)
    finally:
        load.stop()
    ground.keep()
    return judge(ground, replay=replay)


def _all(ground: Ground, chance: random.Random, faults: Sequence[Fault], ends: float = float("inf")) -> None:
    for fault in chance.sample(list(faults), len(faults)):
        if time.monotonic() >= ends:
            return
        ground.keep()
        began = time.monotonic()
        fault(ground, chance)
        log.info("fault", name=fault.__name__, took_s=round(time.monotonic() - began, 1), kills=ground.kills)
