"""The table of waits, and what a receiver may ask."""

import pytest

from schemas.settings import WebhookSettings
from sinks.webhooks.endpoints.retry_policy import Answer, asked_wait_s, retry_policy

NOW_US = 1_795_600_000_000_000  # 2026-11-25T09:46:40Z
HOUR_S = 3600.0


def test_the_default_waits_are_those_of_standard_webhooks() -> None:
    """0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: about three days."""
    settings = WebhookSettings()
    policy = retry_policy(settings.webhook_retry_waits_s, settings.webhook_max_attempts)
    assert policy.waits_s == (5, 300, 1800, 2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S, 14 * HOUR_S, 20 * HOUR_S, 24 * HOUR_S)
    assert policy.attempts == len(policy.waits_s) + 1


def test_a_longer_retry_after_is_honoured_and_a_shorter_one_is_not() -> None:
    """Asking for more time is granted up to a day; asking for less is not."""
    policy = retry_policy("60", 5)
    busy = Answer(429, "http_4xx", 1, retry_after="7200")
    assert policy.next_attempt_at_us("msg_1", 1, busy, NOW_US) == NOW_US + 7_200_000_000
    hasty = Answer(503, "http_5xx", 1, retry_after="1")
    assert (policy.next_attempt_at_us("msg_1", 1, hasty, NOW_US) or 0) >= NOW_US + 48_000_000


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        (None, 0),
        ("30", 30),
        ("Wed, 25 Nov 2026 09:48:40 GMT", 120),
        ("Wed, 25 Nov 2026 09:44:40 GMT", 0),
        ("soon", 0),
        ("-5", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, wait_s: float) -> None:
    """What lies in the past or cannot be read asks for nothing."""
    assert asked_wait_s(text, NOW_US) == wait_s


def test_after_its_last_try_a_delivery_that_is_held_waits_as_long_as_before_it() -> None:
    """The table's last wait repeats for as long as the lane is held."""
    policy = retry_policy("60", 2)
    waited_us = policy.next_attempt_at_us("msg_1", 7, Answer(500, "http_5xx", 1), NOW_US) - NOW_US
    assert 48 * 1_000_000 <= waited_us <= 72 * 1_000_000


def test_deliveries_that_failed_together_come_back_apart() -> None:
    """The jitter spreads by 20 % both ways."""
    policy, failed = retry_policy("100", 5), Answer(500, "http_5xx", 1)
    waits_s = {((policy.next_attempt_at_us(f"msg_{n}", 1, failed, NOW_US) or 0) - NOW_US) / 1e6 for n in range(200)}
    assert len(waits_s) == 200
    assert min(waits_s) < 85
    assert max(waits_s) > 115
