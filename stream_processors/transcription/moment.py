"""The time a decision is made at."""

from typing import NamedTuple


class Moment(NamedTuple):
    """`us` is wall clock for stamps; `ms` is monotonic, for deadlines."""

    us: int
    ms: float
