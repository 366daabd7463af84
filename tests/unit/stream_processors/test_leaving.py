"""A worker that is told to stop ends, whatever does not let go."""

import subprocess
import sys

STUBBORN = """
import asyncio
from stream_processors import leaving

leaving.STOP_S, leaving.HARD_STOP_S = 0.1, 0.5

async def stop():
    {stop}

asyncio.run(leaving.leave("stage", stop()))
print("left", flush=True)
"""
SWALLOWS_CANCELLATION = """while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass"""


def ended(stop: str) -> subprocess.CompletedProcess[str]:
    program = STUBBORN.format(stop=stop)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


def test_a_member_that_swallows_its_cancellation_does_not_keep_the_process() -> None:
    """Faust's fetcher does that while it waits for its own task."""
    done = ended(SWALLOWS_CANCELLATION)
    assert done.returncode == 1
    assert "left_by_force" in done.stdout
    assert "left\n" not in done.stdout


def test_a_member_that_takes_too_long_is_left() -> None:
    """What comes after still has its turn."""
    done = ended("await asyncio.sleep(60)")
    assert done.returncode == 0
    assert "left_without_goodbye" in done.stdout
    assert done.stdout.endswith("left\n")


def test_a_member_that_leaves_is_not_disturbed() -> None:
    """And nothing is said of it."""
    done = ended("await asyncio.sleep(0)")
    assert (done.returncode, done.stdout) == (0, "left\n")
