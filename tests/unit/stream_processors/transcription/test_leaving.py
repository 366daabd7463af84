"""A worker that is told to stop ends, whatever does not let go."""

import subprocess
import sys

STUBBORN = """
import asyncio
from stream_processors.transcription import process

process.STOP_S, process.HARD_STOP_S = 0.1, 0.5

class Member:
    async def stop(self):
        {stop}

class Results:
    def leave(self): print("left", flush=True)
    def close(self): print("closed", flush=True)

asyncio.run(process.leave(Member(), Results()))
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
    assert done.stdout.startswith("left\n")
    assert "left_without_goodbye" in done.stdout


def test_a_member_that_leaves_is_not_disturbed() -> None:
    """And the log is let go of after it."""
    done = ended("await asyncio.sleep(0)")
    assert (done.returncode, done.stdout) == (0, "left\nclosed\n")
