"""What a benchmark reads of a process's /metrics."""

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client import Histogram as Measured

from infra.benchmarks.histogram import histogram, total


def metrics(*observed_s: float) -> str:
    registry = CollectorRegistry()
    measured = Measured("delay_seconds", "d", ["provider"], buckets=(0.1, 0.2, 1), registry=registry)
    for number, value in enumerate(observed_s):
        measured.labels(f"p{number % 2}").observe(value)
    counter = Counter("read_total", "r", ["topic"], registry=registry)
    counter.labels("a").inc(3)
    counter.labels("b").inc(4)
    return generate_latest(registry).decode()


def test_labels_are_taken_together():
    """A figure is of the whole process."""
    found = histogram(metrics(0.05, 0.15, 0.15, 5.0), "delay_seconds")
    assert found.count == 4
    assert total(metrics(), "read_total") == 7


def test_quantiles_lie_within_their_bucket():
    """By straight lines, and no further than the highest bound there is."""
    found = histogram(metrics(*[0.05] * 50, *[0.15] * 50), "delay_seconds")
    assert found.quantile_ms(0.5) == pytest.approx(100)
    assert found.quantile_ms(0.75) == pytest.approx(150)
    assert histogram(metrics(5.0), "delay_seconds").quantile_ms(0.99) == 1_000


def test_only_what_came_since_counts():
    """A step of a benchmark is told from what was before it."""
    before, after = histogram(metrics(0.05), "delay_seconds"), histogram(metrics(0.05, 0.15), "delay_seconds")
    assert after.since(before).count == 1
    assert after.since(before).quantile_ms(0.5) == pytest.approx(150)


def test_nothing_observed_has_no_quantile():
    """Silence is no latency."""
    assert histogram(metrics(), "delay_seconds").quantile_ms(0.5) is None
