"""A Prometheus histogram as a process shows it: what was added between two looks, and its quantiles. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Histogram:
    """Upper bounds in seconds and how many observations are at or below each; the last bound is infinite."""

    cumulative: tuple[tuple[float, float], ...]

    @property
    def count(self) -> float:
        return self.cumulative[-1][1] if self.cumulative else 0.0

    def since(self, before: "Histogram") -> "Histogram":
        """What came after `before`."""
        earlier = dict(before.cumulative)
        return Histogram(tuple((bound, count - earlier.get(bound, 0.0)) for bound, count in self.cumulative))

    def quantile_ms(self, share: float) -> float | None:
        """By straight lines within buckets, as Prometheus has it; the highest finite bound for what lies above it."""
        if not self.count:
            return None
        wanted = share * self.count
        for (lower, below), (upper, at_or_below) in pairwise([(0.0, 0.0), *self.cumulative]):
            if at_or_below >= wanted and at_or_below > below:
                if math.isinf(upper):
                    return lower * 1000
                return round((lower + (upper - lower) * (wanted - below) / (at_or_below - below)) * 1000, 2)
        return None


def histogram(metrics: str, name: str) -> Histogram:
    """The histogram called `name` in the text of /metrics, all its labels together."""
    counts: dict[float, float] = {}
    for sample in _samples(metrics):
        if sample[0] == f"{name}_bucket":
            bound = float(sample[1]["le"])
            counts[bound] = counts.get(bound, 0.0) + sample[2]
    return Histogram(tuple(sorted(counts.items())))


def total(metrics: str, name: str) -> float:
    """The sum of a counter or gauge over all its labels."""
    return sum(value for found, _, value in _samples(metrics) if found == name)


def _samples(metrics: str) -> Iterable[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
