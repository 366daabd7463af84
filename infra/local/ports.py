"""Local TCP ports: which are taken, and free ones for a test run of its own."""

import itertools
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
    """Ports that nobody listens on now, and that are given to nobody else who asks here, in any process, while this one lives."""
    candidates = random.SystemRandom().sample(range(FREE_FROM, FREE_TO), 50 * count)
    free = (number for number in candidates if not is_taken(number) and _claimed(number))
    found = list(itertools.islice(free, count))
    assert len(found) == count, "nearly every port of this machine is taken"
    return found


def _claimed(number: int) -> bool:
    """Whether the port is ours to give from now on: a name that the kernel gives once, and takes back with the process."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0earshot-port-{number}")
    except OSError:
        claim.close()
        return False
    claim.detach()
    return True
