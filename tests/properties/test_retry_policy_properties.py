"""Whatever a receiver answers, the next try is later than now, within bounds, or there is none."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.webhooks.endpoints.retry_policy import (
    JITTER,
    LONGEST_RETRY_AFTER_S,
    Answer,
    RetryPolicy,
    asked_wait_s,
    spread,
)

NOW_US = 1_795_600_000_000_000


@given(
    waits_s=st.lists(st.floats(0, 86_400), min_size=1, max_size=9),
    attempts=st.integers(1, 12),
    attempt=st.integers(1, 12),
    status=st.integers(0, 599),
    retry_after=st.none() | st.text(max_size=20) | st.integers(0, 10**12).map(str),
    delivery_id=st.text(max_size=8),
)
def test_the_next_try_is_bounded(
    waits_s: list[float], attempts: int, attempt: int, status: int, retry_after: str | None, delivery_id: str
) -> None:
    """At least the table's wait less the jitter, at most the larger of the table's and a day."""
    policy = RetryPolicy(tuple(waits_s), attempts)
    again_us = policy.next_attempt_at_us(delivery_id, attempt, Answer(status, "x", 1, retry_after=retry_after), NOW_US)
    wait_s = waits_s[min(attempt, len(waits_s)) - 1]
    waited_s = (again_us - NOW_US) / 1e6
    assert wait_s * (1 - JITTER) - 1e-5 <= waited_s <= max(wait_s * (1 + JITTER), LONGEST_RETRY_AFTER_S) + 1e-5


@given(st.text(), st.integers(1, 10))
def test_the_jitter_is_the_same_for_the_same_try(delivery_id: str, attempt: int) -> None:
    """A restored process computes the wait it would have computed before."""
    assert -1 <= spread(delivery_id, attempt) <= 1
    assert spread(delivery_id, attempt) == spread(delivery_id, attempt)


@given(st.text())
def test_any_retry_after_text_gives_a_wait(text: str) -> None:
    """A header nobody can read asks for nothing."""
    assert asked_wait_s(text, NOW_US) >= 0
