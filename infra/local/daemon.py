"""One service as a process of its own: pid file, log file, start, stop.

A pid file holds the pid and the process's birth, so a number that the system has given to somebody else since is never
taken for ours, let alone killed. Birth is in clock ticks since boot: setting the clock does not change it.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from infra.local.service import Service
from schemas.errors import UsageError

STOP_GRACE_S = 10.0


class Daemon:
    """Runs `service` with its files in `folder`. It outlives us, unless `die_with_us`.

    What shall die with us must be started from a thread that lives as long as we do: the kernel watches that thread.
    """

    def __init__(self, service: Service, folder: Path, *, die_with_us: bool = False) -> None:
        self.service = service
        self.folder = folder / service.name
        self.log_file = self.folder / "log"
        self._pid_file = self.folder / "pid"
        self._die_with_us = die_with_us
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and return at once; `ready` tells when it serves. Raises UsageError when a part is missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self.service.prepare(self.folder)
        if shutil.which(command[0]) is None:
            raise UsageError(f"{command[0]} is not installed", remedy="`make setup` installs what is missing")
        with self.log_file.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._lifeline(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        self._pid_file.write_text(f"{self._child.pid} {birth(self._child.pid)}\n", "ascii")

    def ready(self) -> bool:
        """Whether our own process runs and serves."""
        return self.process() is not None and self.service.ready()

    def process(self) -> psutil.Process | None:
        """The running process, whoever started it; None when it is gone."""
        found = self._found()
        if found is None:
            self._reap()
        return found

    def terminate(self) -> None:
        """Ask the process to end."""
        process = self.process()
        with contextlib.suppress(psutil.NoSuchProcess):
            if process:
                process.terminate()

    def kill(self) -> bool:
        """End the process without a word, and forget its pid; whether there was one."""
        process = self.process()
        with contextlib.suppress(psutil.NoSuchProcess):
            if process:
                process.kill()
        self.bury()
        return process is not None

    def bury(self, grace_s: float = STOP_GRACE_S) -> None:
        """See a process that was asked to end out of the door, the hard way after `grace_s`, and forget its pid."""
        process = self.process()
        if process:
            try:
                process.wait(grace_s)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(grace_s)
        self._reap()
        self._pid_file.unlink(missing_ok=True)

    def last_words(self, lines: int = 3) -> str:
        """The end of the log, for an error message."""
        if not self.log_file.is_file():
            return ""
        return " | ".join(self.log_file.read_text("utf-8", "replace").strip().splitlines()[-lines:])

    def _found(self) -> psutil.Process | None:
        try:
            pid, born = map(int, self._pid_file.read_text("ascii").split())
            return psutil.Process(pid) if birth(pid) == born else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None

    def _reap(self) -> None:
        """See that a child of ours that is gone is no zombie. Its first thread may be gone before the others are."""
        if self._child and birth(self._child.pid) is None:
            self._child.wait(STOP_GRACE_S)

    def _lifeline(self) -> Sequence[str]:
        """Makes the kernel end the process when we die, however we die."""
        setpriv = shutil.which("setpriv")
        return [setpriv, "--pdeathsig", "SIGKILL"] if self._die_with_us and setpriv else []


def birth(pid: int) -> int | None:
    """Clock ticks from boot to the start of a process that runs now; None for none, or one that has ended unreaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return int(fields[19]) if fields[0] not in "ZX" else None
