"""What counts as flat memory."""

import pytest

from infra.chaos.memory import Sample, judged


def grown(mb_per_minute: float, warm_up_mb: float = 0.0) -> list[Sample]:
    """Thirty minutes of samples of a process of 100 MB that fills `warm_up_mb` of caches in its first minutes."""
    return [
        Sample(at_s, 100 + mb_per_minute * at_s / 60 + warm_up_mb * min(1.0, at_s / 300)) for at_s in range(0, 1800, 10)
    ]


@pytest.mark.parametrize(("mb_per_minute", "flat"), [(0.0, True), (0.2, True), (5.0, False)])
def test_a_leak_is_seen(mb_per_minute: float, flat: bool) -> None:
    """A process that goes on growing is not flat; the slope says how fast."""
    memory = judged(grown(mb_per_minute))
    assert memory.flat is flat
    assert memory.mb_per_minute == pytest.approx(mb_per_minute, abs=0.01)


def test_caches_that_fill_are_no_leak() -> None:
    """What is taken in the first third does not count."""
    memory = judged(grown(0, warm_up_mb=80))
    assert memory.flat
    assert memory.first_mb == pytest.approx(180)
