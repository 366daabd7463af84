"""The record of one try, and what it means for the lane. Pure."""

from schemas.events import WebhookAttempt
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.endpoints.retry_policy import GONE, Answer
from sinks.webhooks.endpoints.terms import Terms
from sinks.webhooks.log.pending import Pending

SETTLED = {AttemptOutcome.DELIVERED, AttemptOutcome.EXHAUSTED, AttemptOutcome.SKIPPED, AttemptOutcome.DISABLED}


def attempt_of(tried: Pending, answer: Answer, terms: Terms | None, started_at_us: int, now_us: int) -> WebhookAttempt:
    """`terms` None: the endpoint is gone or disabled, so a failure is not tried again."""
    delivery, number = tried.delivery, tried.attempts + 1
    outcome, again_us = _outcome(tried, answer, terms, now_us)
    return WebhookAttempt(
        tenant_id=delivery.tenant_id,
        bot_id=delivery.bot_id,
        meeting_id=delivery.meeting_id,
        delivery_id=delivery.delivery_id,
        endpoint_id=delivery.endpoint_id,
        sequence=delivery.sequence,
        event_type=delivery.event_type,
        attempt=number,
        occurred_at_us=started_at_us,
        produced_at_us=now_us,
        outcome=outcome,
        status=answer.status,
        error_class=answer.error_class,
        latency_ms=answer.latency_ms,
        response_snippet=answer.snippet,
        next_attempt_at_us=again_us,
        trigger=delivery.trigger,
        url_host=terms.url_host if terms else "",
        request_headers=dict(answer.request_headers),
        charged=answer.charged,
        request_bytes=len(delivery.body),
        delivery_offset=tried.offset,
    )


def _outcome(tried: Pending, answer: Answer, terms: Terms | None, now_us: int) -> tuple[AttemptOutcome, int | None]:
    if answer.delivered:
        return AttemptOutcome.DELIVERED, None
    if answer.status == GONE:
        return AttemptOutcome.DISABLED, None
    if terms is None:
        return AttemptOutcome.SKIPPED, None
    number, policy = tried.attempts + 1, terms.policy
    again_us = policy.next_attempt_at_us(tried.delivery.delivery_id, number, answer, now_us)
    if number < policy.attempts:
        return AttemptOutcome.RETRY, again_us
    return (AttemptOutcome.HELD, again_us) if terms.hold else (AttemptOutcome.EXHAUSTED, None)
