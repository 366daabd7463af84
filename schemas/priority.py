"""Who goes first where the processor is short: whoever hears. Audio that is not captured is lost, audio on the log waits.

Linux may share the processor among sessions before it looks at niceness, which then counts only within one: the session
has a niceness of its own (sched(7), "The autogroup feature").
"""

import errno
import os
from pathlib import Path

FIRST = -8
"""What Chromium asks for the threads that must not wait, and what everything on the way of the sound has."""
LAST = 10
SESSION = Path("/proc/self/autogroup")


def go_first() -> bool:
    """Before everybody else, and the children too; False where the machine does not grant that: a container often does not."""
    return _take(FIRST)


def give_way() -> None:
    """After everybody else; the process should lead a session of its own."""
    _take(LAST)


def session_in_shell(niceness: int) -> str:
    """A line of shell that gives the session it runs in this niceness, where it may; it never fails."""
    return f"echo {niceness} > {SESSION} 2>/dev/null || :"


def _take(niceness: int) -> bool:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        _weigh_session(niceness)
    except (PermissionError, BlockingIOError):  # the kernel limits how often a session may change it
        return False
    return True


def _weigh_session(niceness: int) -> None:
    """Processes of the machine's first session (autogroup 0) share with nobody: it has no weight, theirs counts alone."""
    try:
        SESSION.write_text(str(niceness))
    except OSError as refused:
        if refused.errno not in {errno.EINVAL, errno.ENOENT}:
            raise
