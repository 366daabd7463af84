"""`earshot sink webhooks` refuses what cannot work, at once, and says what to do."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.webhook_receiver import SECRET

EARSHOT = Path(sys.executable).parent / "earshot"
GOOD = {
    "WEBHOOK_URL": "http://127.0.0.1:9/",
    "WEBHOOK_SECRET": SECRET,
    "WEBHOOK_ALLOWED_RANGES": "127.0.0.0/8",
}


def run(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command in a folder without an env file."""
    variables = [f"EARSHOT_{name}={value}" for name, value in {**GOOD, "VAR_DIR": str(folder), **settings}.items()]
    command = ["env", *variables, str(EARSHOT), "sink", "webhooks"]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, cwd=folder, check=False)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"WEBHOOK_URL": "http://user:pw@host/"}, "EARSHOT_WEBHOOK_URL"),
        ({"WEBHOOK_ALLOWED_RANGES": ""}, "EARSHOT_WEBHOOK_ALLOWED_RANGES"),
        ({"WEBHOOK_ALLOWED_RANGES": "10.0.0.1/8"}, "EARSHOT_WEBHOOK_ALLOWED_RANGES"),
        ({"WEBHOOK_SECRET": "whsec_c2hvcnQ="}, "EARSHOT_WEBHOOK_SECRET"),
        ({"WEBHOOK_RETRY_WAITS_S": "soon"}, "EARSHOT_WEBHOOK_RETRY_WAITS_S"),
        ({"WEBHOOK_CONCURRENCY": "0"}, "EARSHOT_WEBHOOK_CONCURRENCY"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, settings: dict[str, str], names: str) -> None:
    """Two lines on stderr, exit code 2, no traceback, no secret."""
    done = run(tmp_path, **settings)
    assert done.returncode == 2
    assert names in done.stderr
    assert "remedy: " in done.stderr
    assert "Traceback" not in done.stderr
    assert settings.get("WEBHOOK_SECRET", "none set") not in done.stderr


def test_without_a_registry_it_says_so(tmp_path: Path) -> None:
    """Exit code 3 and how to start one."""
    port = unused_port()
    done = run(tmp_path, SCHEMA_REGISTRY_URL=f"http://127.0.0.1:{port}/apis/ccompat/v7")
    assert done.returncode == 3
    assert "registry" in done.stderr
    assert "remedy: start it with `earshot up`" in done.stderr
    assert "Traceback" not in done.stderr


def unused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
