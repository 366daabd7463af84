"""Twenty receivers and what is wrong with each, when: drawn from a seed. Pure."""

import random
from enum import StrEnum

import msgspec

SECRET = "whsec_ZWFyc2hvdC1jaGFvcy1vbmx5LW5vdC1hLXNlY3JldA=="  # noqa: S105 - of a rehearsal that runs on this machine
CONTROL = "ep_control"
WELL_S = (4.0, 15.0)
ILL_S = (3.0, 12.0)


class Fault(StrEnum):
    """What a receiver does in its bad times."""

    NONE = "none"
    OUTAGE = "outage"
    ERRORS = "errors"
    STALL = "stall"
    DROP = "drop"
    BROKEN_TLS = "broken_tls"
    SLOW_LORIS = "slow_loris"
    HANG = "hang"


FAULTS = (
    *[Fault.NONE] * 8,
    *[Fault.OUTAGE] * 3,
    *[Fault.ERRORS] * 3,
    *[Fault.STALL] * 2,
    *[Fault.DROP] * 2,
    Fault.BROKEN_TLS,
    Fault.SLOW_LORIS,
)


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint's other side. `ill_s`: from when to when, in seconds of the run."""

    endpoint_id: str
    port: int
    fault: Fault
    ill_s: tuple[tuple[float, float], ...] = ()

    @property
    def url(self) -> str:
        scheme = "https" if self.fault is Fault.BROKEN_TLS else "http"
        return f"{scheme}://127.0.0.1:{self.port}/{self.endpoint_id}"

    def ill(self, at_s: float) -> bool:
        return any(start <= at_s < end for start, end in self.ill_s)


def receivers(ports: list[int], length_s: float, seed: int) -> list[Receiver]:
    """Twenty, and a control whose deliveries are not ordered and half of which fail at first."""
    chance = random.Random(seed)  # noqa: S311 - a seed that gives the same faults again
    planned = [
        Receiver(endpoint_id=f"ep_{number:02}", port=port, fault=fault, ill_s=_windows(chance, length_s))
        for number, (fault, port) in enumerate(zip(FAULTS, ports, strict=False))
    ]
    control = Receiver(endpoint_id=CONTROL, port=ports[-1], fault=Fault.ERRORS, ill_s=((0.0, length_s),))
    return [*planned, control]


def _windows(chance: random.Random, length_s: float) -> tuple[tuple[float, float], ...]:
    """Good and bad times in turn, the last one good."""
    windows, at_s = list[tuple[float, float]](), chance.uniform(*WELL_S)
    while (end_s := at_s + chance.uniform(*ILL_S)) < length_s:
        windows.append((round(at_s, 2), round(end_s, 2)))
        at_s = end_s + chance.uniform(*WELL_S)
    return tuple(windows)
