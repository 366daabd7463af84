"""How much of the sound was made up by the browser, over all pages of one bot."""

import pytest

from producers.bot.reception import Reception


def test_nothing_received_is_no_ratio() -> None:
    """A bot nobody spoke to did not hear well, it did not hear."""
    assert Reception().concealed_ratio is None


def test_the_latest_counts_of_a_page_hold() -> None:
    """The page counts from its beginning, so its counts replace each other."""
    reception = Reception()
    reception.count(100, 1_000)
    reception.count(100, 10_000)
    assert reception.concealed_ratio == pytest.approx(0.01)


def test_a_new_page_does_not_forget_the_old_one() -> None:
    """A restart inside the meeting begins at zero, the meeting does not."""
    reception = Reception()
    reception.count(500, 1_000)
    reception.new_page()
    reception.count(0, 1_000)
    assert reception.concealed_ratio == pytest.approx(0.25)
