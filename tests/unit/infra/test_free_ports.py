"""Ports for services that do not listen yet: given once."""

import subprocess
import sys

import pytest

from infra.local import ports


def test_a_port_is_given_once_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not again to us, and not to another process, though nobody listens on it yet."""
    monkeypatch.setattr(ports, "FREE_FROM", 31_900)
    monkeypatch.setattr(ports, "FREE_TO", 31_951)
    [mine] = ports.free_ports(1)
    others = (
        f"from infra.local import ports; ports.FREE_FROM, ports.FREE_TO = 31_900, 31_951; "
        f"import sys; sys.exit(ports._claimed({mine}))"
    )
    assert not ports._claimed(mine)
    assert subprocess.run([sys.executable, "-c", others], check=False).returncode == 0
