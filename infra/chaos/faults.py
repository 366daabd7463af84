"""SHELL: carries a schedule out on real processes."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from infra.chaos.schedule import Kill
from infra.local.daemon import Daemon
from infra.local.stack import Stack

WATCH_S = 0.2
AWAY_S = 120.0


@dataclass(frozen=True)
class Inflicted:
    """How many faults there were, and the longest that the one everybody waits for was away."""

    faults: int
    longest_away_s: float


def inflict(
    planned: Iterable[Kill], victims: Mapping[str, Daemon], awaited: str, tell: Callable[[str], None]
) -> Inflicted:
    """Kill or pause, and bring back, each in its time. `awaited` serves again before the next fault.

    A victim that ended by itself, since what it needs was away for too long, is started again like any other: that is
    what a supervisor is for.
    """
    began_s, count, longest_away_s = time.monotonic(), 0, 0.0
    for kill in planned:
        _keep_until(began_s + kill.at_s, victims)
        tell(f"{kill.at_s:6.1f} s  {'pause' if kill.pause else 'kill -9'} {kill.victim} for {kill.down_s} s")
        count, struck_s = count + 1, time.monotonic()
        if kill.pause:
            _pause(victims[kill.victim], kill.down_s)
        else:
            _kill(victims[kill.victim], kill.down_s)
        if kill.victim == awaited:
            Stack([victims[awaited]]).wait(AWAY_S)
            longest_away_s = max(longest_away_s, time.monotonic() - struck_s)
    return Inflicted(count, longest_away_s)


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
    daemon.kill()
    time.sleep(down_s)
    daemon.start()


def _pause(daemon: Daemon, down_s: float) -> None:
    process = daemon.process()
    if process is None:
        return
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(down_s)
    os.kill(process.pid, signal.SIGCONT)
