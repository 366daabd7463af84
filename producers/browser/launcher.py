"""How a browser is started by root: as whom, and with how much of a say over the processor."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CAP_SYS_NICE = 23
OWN_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class User:
    """The unprivileged user a browser runs as."""

    uid: int
    gid: int
    home: Path


def may_raise_priority(status: str) -> bool:
    """Whether a process may raise priorities, from its /proc/…/status; a container often may not."""
    [held] = [line.split()[1] for line in status.splitlines() if line.startswith("CapPrm:")] or ["0"]
    return bool(int(held, 16) >> CAP_SYS_NICE & 1)


def as_user(user: User, *, raises_priority: bool) -> tuple[str, ...]:
    """Give all privileges away, but for the one to raise priorities where that is wanted.

    Chromium runs its audio threads in real time wherever it may. Without it they wait with everybody else on a busy
    machine, and sound is cut out.
    """
    identity = ("setpriv", "--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups")
    kept = ("--inh-caps", "-all,+sys_nice", "--ambient-caps", "-all,+sys_nice") if raises_priority else ()
    return (*identity, *kept, "env", f"HOME={user.home}")


def write_launcher(script: Path, browser: Path, prefix: Sequence[str], *, first: str = ":") -> Path:
    """A script that stands for `browser`: it does what `first` says, and starts it behind `prefix`."""
    script.write_text(f'#!/bin/sh\n{first}\nexec {" ".join(prefix)} {browser} "$@"\n', "utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return script
