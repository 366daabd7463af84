"""The longest silence after a kill, which the soak reports."""

from infra.chaos.silences import Silences


def test_who_was_heard_before_the_kill_and_not_since_is_silent_until_now() -> None:
    """The last record before it may be the last that is ever heard."""
    silences = Silences()
    silences.heard("a", 0.0)
    silences.heard("b", 0.0)
    silences.heard("a", 1.0)
    assert silences.longest_s(9.0) == 9.0
    assert len(silences) == 2


def test_a_silence_that_is_over_counts_too() -> None:
    """From the last record before it to the first after it."""
    silences = Silences()
    for at_s in (0.0, 0.5, 7.5, 8.0):
        silences.heard("a", at_s)
    assert silences.longest_s(8.1) == 7.0


def test_nobody_heard_is_no_silence() -> None:
    """Which is why the soak counts the bots as well."""
    assert Silences().longest_s(5.0) == 0.0
