"""The watermark is the first unsettled offset, whatever the order of settling."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.webhooks.log.offsets import Offsets


@given(st.lists(st.integers(1, 3), max_size=30), st.randoms(use_true_random=False), st.integers(0, 30))
def test_the_watermark_is_the_first_offset_that_is_not_settled(gaps: list[int], order: object, settled: int) -> None:
    """Holes in the log (dead letters, compaction) hold nothing back; an unsettled record does."""
    offsets, taken, offset = Offsets(), [], 10
    for gap in gaps:
        offset += gap
        offsets.take(offset)
        taken.append(offset)
    done = list(taken)
    order.shuffle(done)  # type: ignore[attr-defined]
    for one in done[:settled]:
        offsets.settle(one)
    left = sorted(set(taken) - set(done[:settled]))
    assert offsets.watermark == (left[0] if left else taken[-1] + 1 if taken else None)
