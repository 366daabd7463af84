"""Who is killed when: drawn from a seed, so that a run can be had again. Pure."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FIRST_AFTER_S = 8.0
APART_S = (6.0, 14.0)
DOWN_S = (0.2, 3.0)


@dataclass(frozen=True)
class Kill:
    """SIGKILL `victim` at `at_s` of the run, start it again `down_s` later."""

    at_s: float
    victim: str
    down_s: float


def kills(victims: Sequence[str], length_s: float, seed: int) -> Iterator[Kill]:
    """One kill at a time until `length_s`; every victim has its turn before one has its second."""
    chance = random.Random(seed)  # noqa: S311 - a seed that gives the same faults again
    at_s, waiting = FIRST_AFTER_S, list[str]()
    while at_s < length_s:
        waiting = waiting or chance.sample(victims, len(victims))
        yield Kill(round(at_s, 2), waiting.pop(), round(chance.uniform(*DOWN_S), 2))
        at_s += chance.uniform(*APART_S)
