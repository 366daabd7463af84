"""What a try's record says, and what becomes of the delivery."""

import pytest

from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.dispatch.attempt import SETTLED, attempt_of
from sinks.webhooks.endpoints.retry_policy import Answer, RetryPolicy
from sinks.webhooks.endpoints.terms import Terms
from tests.fakes.pending_deliveries import pending

TERMS = Terms(RetryPolicy((1.0,), 3), url_host="hooks.example.com:443")
HOLDING = Terms(RetryPolicy((1.0,), 3), hold=True)
BROKEN = Answer(500, "http_5xx", 7, "oh", charged=True, request_headers={"webhook-id": "msg_0_0"})


@pytest.mark.parametrize(
    ("answer", "tries", "terms", "outcome"),
    [
        (Answer(204, "", 7), 0, TERMS, AttemptOutcome.DELIVERED),
        (Answer(204, "", 7), 0, None, AttemptOutcome.DELIVERED),
        (BROKEN, 0, TERMS, AttemptOutcome.RETRY),
        (BROKEN, 2, TERMS, AttemptOutcome.EXHAUSTED),
        (BROKEN, 2, HOLDING, AttemptOutcome.HELD),
        (BROKEN, 9, HOLDING, AttemptOutcome.HELD),
        (BROKEN, 0, None, AttemptOutcome.SKIPPED),
        (Answer(410, "http_4xx", 7), 0, TERMS, AttemptOutcome.DISABLED),
    ],
)
def test_an_answer_decides_what_becomes_of_the_delivery(
    answer: Answer, tries: int, terms: Terms | None, outcome: AttemptOutcome
) -> None:
    """2xx delivers whatever else is the case; the last try gives up or holds; an endpoint that is gone is tried no more."""
    attempt = attempt_of(pending(0, 0, attempts=tries), answer, terms, 5, 1_000_000)
    assert (attempt.outcome, attempt.attempt) == (outcome, tries + 1)
    assert (attempt.next_attempt_at_us is None) == (outcome in SETTLED)


def test_a_try_is_recorded_with_what_a_developer_needs() -> None:
    """When, how long, what was said, where the delivery lies; no secrets in it."""
    attempt = attempt_of(pending(3, 4), BROKEN, TERMS, 5, 1_000_000)
    assert (attempt.occurred_at_us, attempt.produced_at_us, attempt.latency_ms) == (5, 1_000_000, 7)
    assert (attempt.status, attempt.error_class, attempt.response_snippet) == (500, "http_5xx", "oh")
    assert (attempt.delivery_offset, attempt.url_host) == (4, "hooks.example.com:443")
    assert attempt.request_headers == {"webhook-id": "msg_0_0"}
