"""What goes to stderr of what others log."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging
from schemas.telemetry import configure_logging
configure_logging("info", "{log_format}")
try:
    [].pop()
except IndexError:
    logging.getLogger("faust").exception("Crashed: %s", "reason")
"""


def logged(log_format: str) -> str:
    program = PROGRAM.format(log_format=log_format)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    ).stderr


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_librarys_traceback_is_logged(log_format: str) -> None:
    """Faust says why it died only there."""
    said = logged(log_format)
    assert "Crashed: reason" in said
    assert "IndexError: pop from empty list" in said
    assert "Traceback (most recent call last)" in said


def test_as_json_it_is_one_line() -> None:
    """A field of the event, for whoever collects lines."""
    [line] = logged("json").splitlines()
    assert json.loads(line)["exception"].startswith("Traceback")


def test_what_a_library_only_warns_of_is_one_line_without_one() -> None:
    """It raises the same, and we say it in two lines with a remedy."""
    program = PROGRAM.replace('.exception("Crashed', '.warning("Crashed').replace(
        '"reason")', '"reason", exc_info=True)'
    )
    done = subprocess.run(
        [sys.executable, "-c", program.format(log_format="json")], capture_output=True, text=True, check=True
    )
    [line] = done.stderr.splitlines()
    assert json.loads(line)["event"] == "Crashed: reason"
    assert "Traceback" not in line
