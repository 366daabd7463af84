"""SHELL: carries a schedule out on real processes."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping

from infra.chaos.schedule import Kill
from infra.local.daemon import Daemon

WATCH_S = 0.2


def inflict(planned: Iterable[Kill], victims: Mapping[str, Daemon], tell: Callable[[str], None]) -> int:
    """Kill or pause, and bring back, each in its time; returns how many faults there were.

    A victim that ended by itself, since what it needs was away for too long, is started again like any other: that is
    what a supervisor is for.
    """
    began_s, count = time.monotonic(), 0
    for kill in planned:
        _keep_until(began_s + kill.at_s, victims)
        tell(f"{kill.at_s:6.1f} s  {'pause' if kill.pause else 'kill -9'} {kill.victim} for {kill.down_s} s")
        count += 1
        if kill.pause:
            _pause(victims[kill.victim], kill.down_s)
        else:
            _kill(victims[kill.victim], kill.down_s)
    return count


def keep(victims: Mapping[str, Daemon]) -> None:
    """Start whatever is not running."""
    for daemon in victims.values():
        if daemon.process() is None:
            daemon.bury()
            daemon.start()


def _keep_until(at_s: float, victims: Mapping[str, Daemon]) -> None:
    while time.monotonic() < at_s:
        keep(victims)
        time.sleep(min(WATCH_S, max(0.0, at_s - time.monotonic())))


def _kill(daemon: Daemon, down_s: float) -> None:
    process = daemon.process()
    if process:
        process.kill()
    daemon.bury()
    time.sleep(down_s)
    daemon.start()


def _pause(daemon: Daemon, down_s: float) -> None:
    process = daemon.process()
    if process is None:
        return
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(down_s)
    os.kill(process.pid, signal.SIGCONT)
