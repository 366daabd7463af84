"""What a scenario is: a run that kills things under load and then says whether every guarantee held."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.result import Result
from schemas.settings import LocalSettings


@dataclass(frozen=True)
class Run:
    """What is asked of a scenario. The same seed draws the same faults."""

    settings: LocalSettings
    seed: int
    minutes: float
    command: str


Scenario = Callable[[Run], Result]
