"""All local services together: started side by side, watched until each serves, undone when one does not."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from infra.local.daemon import STOP_GRACE_S, Daemon
from infra.local.ports import is_taken
from schemas.errors import Unavailable, UsageError

POLL_S = 0.05
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Status:
    """What `earshot status` shows of one service; `pid` is 0 when it is not running."""

    name: str
    pid: int
    addresses: str
    health: str
    memory_mb: int


def silent(_step: str, _elapsed_s: float) -> None:
    """Progress for callers who do not want to hear it."""


class Stack:
    """The services of one machine or one test run. Nothing waits for its turn: a service that needs another waits itself."""

    def __init__(self, daemons: Sequence[Daemon]) -> None:
        self._daemons = daemons

    @property
    def names(self) -> list[str]:
        return [daemon.service.name for daemon in self._daemons]

    def up(self, deadline_s: float, progress: Progress = silent) -> "Stack":
        """Start what is not serving and return it; on any failure nothing of it is left running."""
        absent = [daemon for daemon in self._daemons if not daemon.ready()]
        started = Stack(absent)
        with ExitStack() as undo:
            undo.callback(started.down)
            started.down()
            _demand_free_ports(absent)
            for daemon in absent:
                daemon.start()
            started.wait(deadline_s, progress)
            undo.pop_all()
        return started

    def wait(self, deadline_s: float, progress: Progress = silent) -> None:
        """Until every service serves; raises Unavailable as soon as one has died, or at the deadline."""
        began = time.monotonic()
        waiting = list(self._daemons)
        while waiting:
            for daemon in [daemon for daemon in waiting if daemon.ready()]:
                waiting.remove(daemon)
                progress(f"{daemon.service.name} serves", time.monotonic() - began)
            for daemon in waiting:
                if daemon.process() is None:
                    raise _failed(daemon, "ended while it was starting")
                if time.monotonic() - began > deadline_s:
                    raise _failed(daemon, f"does not serve after {deadline_s:.0f} s")
            time.sleep(POLL_S if waiting else 0)

    def down(self, grace_s: float = STOP_GRACE_S) -> list[str]:
        """Stop everything, together, and return the names of what was running."""
        running = [daemon.service.name for daemon in self._daemons if daemon.process()]
        for daemon in self._daemons:
            daemon.terminate()
        for daemon in self._daemons:
            daemon.bury(grace_s)
        return running

    def status(self) -> list[Status]:
        return [_status(daemon) for daemon in self._daemons]


def _status(daemon: Daemon) -> Status:
    process = daemon.process()
    addresses = " ".join(f"127.0.0.1:{port.number}" for port in daemon.service.ports)
    if process is None:
        return Status(daemon.service.name, 0, addresses, "not running", 0)
    health = "serving" if daemon.ready() else "not answering"
    return Status(daemon.service.name, process.pid, addresses, health, process.memory_info().rss >> 20)


def _demand_free_ports(daemons: Sequence[Daemon]) -> None:
    for daemon in daemons:
        for port in daemon.service.ports:
            if is_taken(port.number):
                raise UsageError(
                    f"port {port.number}, which {daemon.service.name} needs, is taken by another process",
                    remedy=f"end that process, or set {port.setting} to a free port",
                )


def _failed(daemon: Daemon, what: str) -> Unavailable:
    words = daemon.last_words()
    return Unavailable(
        f"{daemon.service.name} {what}{': ' if words else ''}{words}", remedy=f"its log is {daemon.log_file}"
    )
