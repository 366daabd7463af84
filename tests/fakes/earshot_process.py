"""A command of `earshot` as a process of its own, its log in a file."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping

EARSHOT = [sys.executable, "-c", "from earshot.command import main; main()"]
LONGEST_LOG_BYTES = 10_000_000


class EarshotProcess:
    """Runs from the start; `close` ends it whatever it does."""

    def __init__(self, environment: Mapping[str, str], *command: str) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the process
        self.process = subprocess.Popen([*EARSHOT, *command], env=dict(environment), stderr=self._log)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """All it logged so far; the process writes where this file's position is, so that is left alone."""
        return os.pread(self._log.fileno(), LONGEST_LOG_BYTES, 0).decode()

    def partitions(self) -> list[int]:
        """What the group gave it last, as it logged it."""
        lines = [line for line in self.said().splitlines() if '"assigned"' in line]
        listed = lines[-1].split('"partitions": [')[1].split("]")[0] if lines else ""
        return [int(each) for each in listed.split(",") if each.strip()]

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit code."""
        self.send(number)
        return self.wait(30)

    def wait(self, timeout_s: float) -> int:
        return self.process.wait(timeout_s)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()
