"""How fast a worker catches up after five minutes in which its provider took nobody, and what the waiting costs.

The five minutes lie on the log before the worker may have its first session, so the run is short: what is measured is the
way from the first session to the last word. The provider's own pace is the wall: audio may not be sent faster.
"""

import json
import time
from pathlib import Path

from infra.benchmarks.histogram import total
from infra.benchmarks.one_worker import OneWorker, cpu_s, one_worker
from infra.chaos.transcription.evidence import Evidence, said
from infra.chaos.transcription.judge import clean, judge
from infra.result import Result
from infra.waiting import until
from schemas.settings import LocalSettings

NAME = "catch_up"
BOTS, SPEAKERS, TALKING = 10, 2, 0.5
OUTAGE_S = 300.0
SPEED = 15.0
DEADLINE_S = 420.0
LOOK_EVERY_S = 3.0
FRAMES_READ = "earshot_records_read_total"


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Nothing may be lost on the way, and it must be faster than the meeting was."""
    folder = settings.var_dir / "bench" / NAME
    script = folder / "script.jsonl"
    with one_worker(settings, folder, "words=spoken", "handshake_status=503") as ground:
        idle_mb = ground.process().memory_info().rss / 1e6
        _spoken(ground, script, seed)
        waiting_mb = ground.process().memory_info().rss / 1e6
        began_s, spent_before_s = time.monotonic(), cpu_s(ground.process())
        ground.turn(handshake_status=0)
        evidence = Evidence(ground.cluster)
        wanted = said(script)
        until(
            lambda: not judge(wanted, evidence.results().words).lost,
            "every word is on the log",
            DEADLINE_S,
            look_every_s=LOOK_EVERY_S,
        )
        took_s = time.monotonic() - began_s
        spent_s = cpu_s(ground.process()) - spent_before_s
        verdict = judge(wanted, evidence.results().words)
        peak_mb = ground.process().memory_info().rss / 1e6
    talkers = BOTS * SPEAKERS
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=clean(verdict) and took_s < OUTAGE_S,
        figures={
            "talkers": talkers,
            "outage_s": OUTAGE_S,
            "caught_up_after_s": round(took_s, 1),
            "times_real_time": round(OUTAGE_S / took_s, 2),
            "core": round(spent_s / took_s, 3),
            "words": verdict.said,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "rss_mb_idle": round(idle_mb),
            "rss_mb_waiting": round(waiting_mb),
            "rss_mb_after": round(peak_mb),
            "rss_mb_per_talker": round((max(waiting_mb, peak_mb) - idle_mb) / talkers, 2),
        },
    )


def _spoken(ground: OneWorker, script: Path, seed: int) -> None:
    """Five minutes of meetings, put on the log in a fraction of it."""
    load = ("--bots", str(BOTS), "--speakers", str(SPEAKERS), "--talking", str(TALKING), "--seed", str(seed))
    length = ("--duration", str(OUTAGE_S), "--speed", str(SPEED), "--script", str(script))
    with ground.bots("bots", *load, *length) as bots:
        until(lambda: bots.process() is None, "the bots are done", DEADLINE_S, look_every_s=LOOK_EVERY_S)
        made = json.loads(bots.log_file.read_text("utf-8").splitlines()[-1])
    assert made["event"] == "done", "the bots came to their end"
    assert total(ground.metrics(), FRAMES_READ) > 0, "the worker reads"
