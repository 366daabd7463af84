"""The stack's rules, with stand-in services that are shell commands: start together, undo on failure, kill only our own."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.daemon import Daemon, birth
from infra.local.ports import HOST, Port, answers, free_ports
from infra.local.stack import Stack
from schemas.errors import Unavailable, UsageError
from tests.fakes.waiting import until

LISTEN = "import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
DEADLINE_S = 20.0


@dataclass(frozen=True)
class Stub:
    """A service that listens on its port, or does whatever `script` says."""

    name: str
    port: int
    script: str = LISTEN
    ports: tuple[Port, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ports", (Port(self.port, f"EARSHOT_{self.name.upper()}_PORT"),))

    def prepare(self, folder: Path) -> list[str]:
        return [sys.executable, "-c", self.script.format(port=self.port)]

    def ready(self) -> bool:
        return answers(self.port)

    def environment(self) -> dict[str, str]:
        return {}


def stack_of(folder: Path, *services: Stub) -> tuple[Stack, list[Daemon]]:
    daemons = [Daemon(service, folder, die_with_us=True) for service in services]
    return Stack(daemons), daemons


def test_up_starts_all_and_down_stops_all(tmp_path: Path) -> None:
    """A second `up` starts nothing; after `down` nothing runs and nothing listens."""
    one, two = free_ports(2)
    stack, daemons = stack_of(tmp_path, Stub("one", one), Stub("two", two))
    steps: list[str] = []
    assert stack.up(DEADLINE_S, lambda step, _: steps.append(step)).names == ["one", "two"]
    assert sorted(steps) == ["one serves", "two serves"]
    assert stack.up(DEADLINE_S).names == []
    assert [status.health for status in stack.status()] == ["serving", "serving"]
    assert stack.down() == ["one", "two"]
    assert not any(daemon.process() for daemon in daemons)
    assert not answers(one)


def test_another_process_sees_and_stops_what_we_started(tmp_path: Path) -> None:
    """`down` needs no more than the pid files: it works from a fresh console command."""
    [port] = free_ports(1)
    stack, [daemon] = stack_of(tmp_path, Stub("one", port))
    stack.up(DEADLINE_S)
    later, [same] = stack_of(tmp_path, Stub("one", port))
    assert later.up(DEADLINE_S).names == []
    assert later.down() == ["one"]
    assert daemon.process() is None
    assert same.process() is None
    stack.down()


def test_a_service_that_dies_takes_its_fellows_of_this_start_with_it(tmp_path: Path) -> None:
    """The error has the dead one's last words and its log; nothing half-started is left."""
    one, two = free_ports(2)
    stack, daemons = stack_of(tmp_path, Stub("one", one), Stub("two", two, "raise SystemExit('no such thing')"))
    with pytest.raises(Unavailable, match="two ended while it was starting: no such thing") as error:
        stack.up(DEADLINE_S)
    assert str(tmp_path / "two" / "log") in error.value.remedy
    assert not any(daemon.process() for daemon in daemons)


def test_a_service_that_never_serves_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    """A hanging start is an error too, and is undone."""
    [port] = free_ports(1)
    stack, [daemon] = stack_of(tmp_path, Stub("one", port, "import time; time.sleep(60)"))
    with pytest.raises(Unavailable, match="does not serve after 0 s"):
        stack.up(0.2)
    assert daemon.process() is None


def test_what_served_before_survives_a_failed_up(tmp_path: Path) -> None:
    """Only what this call started is undone."""
    one, two = free_ports(2)
    first, [daemon] = stack_of(tmp_path, Stub("one", one))
    first.up(DEADLINE_S)
    both, _ = stack_of(tmp_path, Stub("one", one), Stub("two", two, "raise SystemExit(1)"))
    with pytest.raises(Unavailable):
        both.up(DEADLINE_S)
    assert daemon.ready()
    first.down()


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    """Somebody else's process on our port: nothing is started, and the error says how to go on."""
    one, two = free_ports(2)
    stack, daemons = stack_of(tmp_path, Stub("one", one), Stub("two", two))
    with socket.create_server((HOST, two)), pytest.raises(UsageError, match=f"port {two}.*two.*taken") as error:
        stack.up(DEADLINE_S)
    assert "EARSHOT_TWO_PORT" in error.value.remedy
    assert not any(daemon.process() for daemon in daemons)


def test_a_killed_service_is_seen_and_cured_by_up(tmp_path: Path) -> None:
    """Status tells the truth after a SIGKILL, and `up` starts just that one again."""
    one, two = free_ports(2)
    stack, daemons = stack_of(tmp_path, Stub("one", one), Stub("two", two))
    stack.up(DEADLINE_S)
    victim = daemons[0].process()
    assert victim
    victim.kill()
    victim.wait(DEADLINE_S)
    assert [status.health for status in stack.status()] == ["not running", "serving"]
    assert stack.up(DEADLINE_S).names == ["one"]
    stack.down()


def test_one_that_dies_while_it_is_looked_at_is_reaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alive at the look at the child, gone at the look at its pid: whoever is told that it is gone may forget it."""
    stack, [daemon] = stack_of(tmp_path, Stub("one", free_ports(1)[0]))
    stack.up(DEADLINE_S)
    process = daemon.process()
    assert process
    monkeypatch.setattr(subprocess.Popen, "poll", lambda _: None)
    process.kill()
    until(lambda: birth(process.pid) is None, "it is a zombie")
    assert daemon.process() is None
    assert daemon._child
    assert daemon._child.returncode is not None


def test_a_stale_pid_file_never_points_at_somebody_else(tmp_path: Path) -> None:
    """The pid in the file has been given to another process (here: us): it is not ours, and `down` leaves it alone."""
    [port] = free_ports(1)
    stack, [daemon] = stack_of(tmp_path, Stub("one", port))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "pid").write_text(f"{os.getpid()} 1\n", "ascii")
    assert daemon.process() is None
    assert stack.down() == []
    assert not (tmp_path / "one" / "pid").exists()


def test_a_damaged_pid_file_is_no_obstacle(tmp_path: Path) -> None:
    """Whatever is in the file, `up` starts the service."""
    [port] = free_ports(1)
    stack, _ = stack_of(tmp_path, Stub("one", port))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "pid").write_text("garbage", "ascii")
    assert stack.up(DEADLINE_S).names == ["one"]
    stack.down()


def test_a_program_that_is_not_installed_is_named(tmp_path: Path) -> None:
    """A missing executable is a usage error before anything runs."""

    class Nowhere(Stub):
        def prepare(self, folder: Path) -> list[str]:
            return ["no-such-program"]

    stack, _ = stack_of(tmp_path, Nowhere("one", free_ports(1)[0]))
    with pytest.raises(UsageError, match="no-such-program is not installed"):
        stack.up(DEADLINE_S)
