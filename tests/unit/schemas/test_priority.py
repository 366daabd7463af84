"""Who goes first on a busy machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import priority

LAST = "from schemas.priority import give_way; give_way(); import os; print(os.nice(0))"


def test_who_gives_way_is_behind_everybody() -> None:
    """Everybody may do that; the session's own niceness follows where there is one."""
    session = "; p = '/proc/self/autogroup'; print(open(p).read() if os.path.exists(p) else 'nice 10')"
    command = (sys.executable, "-c", LAST + session)
    said = subprocess.run(command, check=True, capture_output=True, text=True, start_new_session=True).stdout
    assert said.splitlines()[0] == "10"
    assert "nice 10" in said


def test_going_first_without_the_right_changes_nothing() -> None:
    """A process without CAP_SYS_NICE is told so, and goes on."""
    ask = "from schemas.priority import go_first; import os; print(go_first(), os.nice(0))"
    without = ("setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice") if os.geteuid() == 0 else ()
    command = (*without, sys.executable, "-c", ask)
    assert subprocess.run(
        command, check=True, capture_output=True, text=True, start_new_session=True
    ).stdout.split() == ["False", "0"]


@pytest.mark.parametrize(
    "session",
    [
        pytest.param("/proc/self/clear_refs", id="the first session has no weight: EINVAL"),
        pytest.param("/nowhere/autogroup", id="a kernel without sessions' weights"),
    ],
)
def test_where_sessions_have_no_weight_a_process_has_its_own(session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's first session is weighed by nobody; the processes in it go before others all the same."""
    monkeypatch.setattr(priority, "SESSION", Path(session))
    monkeypatch.setattr("os.setpriority", lambda *_: None)
    assert priority.go_first()
