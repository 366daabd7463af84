"""A meeting's time against ours."""

from producers.synthetic.pace import Pace, start_us


def test_a_meeting_may_go_faster():
    """At four times the speed ten seconds of it take two and a half."""
    pace = Pace(1_000_000, 500.0, 4.0)
    assert pace.meeting_us(500.0 + 2_500) == 1_000_000 + 10_000_000
    assert pace.until_ms(11_000_000, 500.0) == 2_500
    assert pace.until_ms(11_000_000, 9_000.0) == 0


def test_a_fast_meeting_ends_now_and_is_never_of_the_future():
    """Its beginning is put so far back that its end, at its own speed, is the present."""
    began = start_us(100_000_000, 60_000_000, 6.0)
    assert Pace(began, 0.0, 6.0).meeting_us(10_000.0) == 100_000_000 + 10_000_000
    assert Pace(began, 0.0, 6.0).meeting_us(2_000.0) <= 100_000_000 + 2_000_000
    assert start_us(100_000_000, 60_000_000, 1.0) == start_us(100_000_000, None, 1.0) == 100_000_000
