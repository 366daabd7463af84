"""`earshot up`, `status`, `down`, `doctor` and `topics` as an operator types them, on free ports in a folder of their own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.machine import Machine
from infra.local.ports import HOST, free_ports
from schemas.settings import LocalSettings

pytestmark = pytest.mark.integration
EARSHOT = str(Path(sys.executable).parent / "earshot")
PORTS = [name for name in LocalSettings.model_fields if name.endswith("_port")]


@dataclass(frozen=True)
class Operator:
    """Somebody at a shell, in an empty folder, with settings of their own."""

    folder: Path
    settings: dict[str, str]

    def types(self, *words: str, **other: str) -> subprocess.CompletedProcess[str]:
        settings = [f"{name}={value}" for name, value in {**self.settings, **other}.items()]
        command = ["env", *settings, EARSHOT, *words]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=100, check=False)

    def pid(self, service: str) -> int:
        return int((self.folder / "var" / "local" / service / "pid").read_text("ascii").split()[0])


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """An operator whose services are down afterwards, whatever the test did."""
    settings = {f"EARSHOT_{name.upper()}": str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    settings["EARSHOT_VAR_DIR"] = str(tmp_path / "var")
    yield Operator(tmp_path, settings)
    Machine(LocalSettings(), tmp_path / "var" / "local").down()


@pytest.mark.timeout(300)
def test_up_status_kill_up_down(operator: Operator) -> None:
    """The whole life of the local stack: up, up again, one killed and cured, moved by a setting nobody repeats, down."""
    up = operator.types("up")
    assert up.returncode == 0, up.stderr
    assert "started: kafka, registry, clickhouse, janus, meeting-page" in up.stdout
    assert "everything is up already" in operator.types("up").stdout

    status = operator.types("status")
    assert status.returncode == 0
    assert status.stdout.count(" serving ") == 5

    os.kill(operator.pid("clickhouse"), signal.SIGKILL)
    killed = operator.types("status")
    assert killed.returncode == 1
    assert killed.stdout.count("not running") == 1
    assert "started: clickhouse\n" in operator.types("up").stdout

    # the env file knows the ports: a command without the settings finds everything
    elsewhere = Operator(operator.folder, {"EARSHOT_VAR_DIR": operator.settings["EARSHOT_VAR_DIR"]})
    listed = elsewhere.types("topics", "list")
    assert listed.returncode == 0, listed.stderr
    assert elsewhere.types("topics", "create").stdout.startswith("topics created or brought in line: none")
    assert elsewhere.types("status").returncode == 0

    down = elsewhere.types("down")
    assert "stopped: kafka, registry, clickhouse, janus, meeting-page" in down.stdout
    assert elsewhere.types("down").stdout == "nothing was running\n"
    assert operator.types("status").stdout.count("not running") == 5
    assert not (operator.folder / "var" / "local" / "earshot.env").exists()


def test_a_taken_port_stops_up_before_anything_runs(operator: Operator) -> None:
    """The message has the port and the setting; nothing half-started is left."""
    port = int(operator.settings["EARSHOT_CLICKHOUSE_PORT"])
    with socket.create_server((HOST, port)):
        up = operator.types("up")
    assert up.returncode == 2
    assert f"port {port}, which clickhouse needs, is taken" in up.stderr
    assert "EARSHOT_CLICKHOUSE_PORT" in up.stderr
    assert operator.types("status").stdout.count("not running") == 5


def test_missing_parts_stop_up_before_anything_runs(operator: Operator) -> None:
    """Without the fetched parts the remedy is `make setup`."""
    up = operator.types("up", EARSHOT_CACHE_DIR=str(operator.folder / "empty"))
    assert up.returncode == 2
    assert "`make setup` fetches it" in up.stderr
    assert operator.types("status").stdout.count("not running") == 5


def test_topics_without_kafka_say_what_to_do(operator: Operator) -> None:
    """A broker that is away is told by its address, with the remedy, and no stack trace."""
    port = operator.settings["EARSHOT_KAFKA_PORT"]
    listed = operator.types("topics", "list", EARSHOT_KAFKA_BOOTSTRAP_SERVERS=f"{HOST}:{port}")
    assert listed.returncode == 3
    assert f"Kafka at {HOST}:{port} does not answer" in listed.stderr
    assert "earshot up" in listed.stderr
    assert "Traceback" not in listed.stderr


def test_topics_without_a_registry_say_what_to_do(operator: Operator, kafka_bootstrap: str) -> None:
    """A registry that is away is told by its address, with the remedy."""
    url = f"http://{HOST}:{operator.settings['EARSHOT_REGISTRY_PORT']}/apis/ccompat/v7"
    created = operator.types(
        "topics", "create", EARSHOT_KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap, EARSHOT_SCHEMA_REGISTRY_URL=url
    )
    assert created.returncode == 3
    assert f"schema registry at {url} does not answer" in created.stderr


def test_doctor_finds_this_machine_well(operator: Operator) -> None:
    """Where `make test` runs, nothing is missing."""
    doctor = operator.types("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "MISSING" not in doctor.stdout


def test_doctor_names_what_is_missing(operator: Operator) -> None:
    """Chromium, the parts and a taken port are reported together, each with its remedy."""
    port = int(operator.settings["EARSHOT_JANUS_PORT"])
    with socket.create_server((HOST, port)):
        doctor = operator.types("doctor", EARSHOT_CHROMIUM_PATH="/nowhere", EARSHOT_CACHE_DIR=str(operator.folder))
    missing = [line.removeprefix("MISSING ") for line in doctor.stdout.splitlines() if line.startswith("MISSING")]
    assert doctor.returncode == 1
    assert {"Chromium", "Kafka", "schema registry"} <= {line[:24].strip() for line in missing}
    assert any(line.startswith(f"port {port}") and "EARSHOT_JANUS_PORT" in line for line in missing)
