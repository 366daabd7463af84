"""Who is killed when: drawn from a seed, so that a run can be had again. Pure."""

import random
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

FIRST_AFTER_S = 8.0
APART_S = (6.0, 14.0)
DOWN_S = (0.2, 3.0)
PAUSED_S = (4.0, 20.0)
PAUSES = 0.3


@dataclass(frozen=True)
class Kill:
    """SIGKILL `victim` at `at_s` of the run, start it again `down_s` later. `pause`: SIGSTOP and SIGCONT instead."""

    at_s: float
    victim: str
    down_s: float
    pause: bool = False


def kills(victims: Sequence[str], length_s: float, seed: int) -> Iterator[Kill]:
    """One kill at a time until `length_s`; every victim has its turn before one has its second."""
    chance = random.Random(seed)  # noqa: S311 - a seed that gives the same faults again
    at_s, waiting = FIRST_AFTER_S, list[str]()
    while at_s < length_s:
        waiting = waiting or chance.sample(victims, len(victims))
        yield Kill(round(at_s, 2), waiting.pop(), round(chance.uniform(*DOWN_S), 2))
        at_s += chance.uniform(*APART_S)


def with_pauses(planned: Iterable[Kill], pausable: Container[str], seed: int) -> Iterator[Kill]:
    """Some of the kills of `pausable` victims become pauses, up to longer than a group waits for its member."""
    chance = random.Random(f"pauses {seed}")  # noqa: S311 - a seed that gives the same faults again
    for kill in planned:
        if kill.victim in pausable and chance.random() < PAUSES:
            yield Kill(kill.at_s, kill.victim, round(chance.uniform(*PAUSED_S), 2), pause=True)
        else:
            yield kill
