"""Who goes first on a busy machine."""

import os
import subprocess
import sys

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
