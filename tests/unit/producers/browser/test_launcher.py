"""The start of a browser by root."""

import subprocess
from pathlib import Path

import pytest

from producers.browser.launcher import User, as_user, may_raise_priority, write_launcher
from schemas.priority import FIRST, session_in_shell

USER = User(1001, 1002, Path("/somewhere/profile"))


@pytest.mark.parametrize(
    ("status", "may"),
    [
        ("Name:\tearshot\nCapPrm:\t000001fffeffffff\n", True),
        ("CapPrm:\t0000000000800000\n", True),
        ("CapPrm:\t00000000a80425fb\n", False),
        ("CapPrm:\t0000000000000000\n", False),
        ("", False),
    ],
)
def test_what_a_process_may_is_read_from_its_status(status: str, may: bool) -> None:
    """All of root's, that one alone, a container's usual set, nothing, and no such line."""
    assert may_raise_priority(status) is may


def test_everything_is_given_away_but_the_say_over_priorities() -> None:
    """The identity always; the one capability only where it is there to be kept."""
    plain = as_user(USER, raises_priority=False)
    assert plain == (
        *("setpriv", "--reuid", "1001", "--regid", "1002", "--clear-groups"),
        *("env", "HOME=/somewhere/profile"),
    )
    kept = as_user(USER, raises_priority=True)
    assert set(kept) - set(plain) == {"--inh-caps", "--ambient-caps", "-all,+sys_nice"}


def test_a_session_goes_first_where_it_may_and_says_nothing_where_not() -> None:
    """The line of shell never fails: without the right, or on a kernel without sessions' niceness, nothing happens."""
    done = subprocess.run(
        ("sh", "-c", session_in_shell(FIRST)), check=True, capture_output=True, start_new_session=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_launcher_stands_for_the_program(tmp_path: Path) -> None:
    """It starts what it stands for with all its arguments, one with a space in it too."""
    launcher = write_launcher(tmp_path / "echo", Path("/bin/echo"), ("env", "LANG=C"))
    assert subprocess.run((launcher, "one two", "three"), check=True, capture_output=True).stdout == b"one two three\n"
