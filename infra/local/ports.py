"""Local TCP ports: which are taken, and free ones for a test run of its own."""

import random
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
# below the range outgoing connections draw from, so none of those takes a port between choosing and using it
FREE_FROM, FREE_TO = 21_000, 32_000


@dataclass(frozen=True)
class Port:
    """One port of a service and the setting that moves it."""

    number: int
    setting: str


def is_taken(number: int) -> bool:
    """Whether some process listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError:
            return True
    return False


def answers(number: int, timeout_s: float = 0.5) -> bool:
    """Whether a connection to this port is accepted."""
    try:
        socket.create_connection((HOST, number), timeout_s).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now."""
    candidates = random.SystemRandom().sample(range(FREE_FROM, FREE_TO), 50 * count)
    found = [number for number in candidates if not is_taken(number)][:count]
    assert len(found) == count, "nearly every port of this machine is taken"
    return found
