"""Samples, units and the meeting's ruler agree."""

from hypothesis import given
from hypothesis import strategies as st

from schemas import timebase


def test_a_unit_is_twenty_milliseconds() -> None:
    """960 samples, 1,920 bytes, 20 ms are one unit."""
    assert timebase.samples_to_ms(timebase.SAMPLES_PER_UNIT) == timebase.UNIT_MS
    assert timebase.BYTES_PER_UNIT == 1920


@given(sample=st.integers(0, 10**10), shift_us=st.integers(0, 10**10))
def test_the_ruler_is_shared(sample: int, shift_us: int) -> None:
    """Two epochs that start at different times put the same moment at the same millisecond, to the rounding of one."""
    recording = 1_700_000_000_000_000
    direct = timebase.transcript_ms(sample, epoch_started_at_us=recording + shift_us, recording_started_at_us=recording)
    assert abs(direct - (shift_us // 1000 + timebase.samples_to_ms(sample))) <= 1
