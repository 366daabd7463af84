"""Commands to the webhook sink, and the tries they are about."""

import msgspec

from schemas.events import WebhookAttempt, WebhookCommand, WebhookDelivery
from schemas.vocabulary import AttemptOutcome, CommandKind


def command(**about: object) -> WebhookCommand:
    plain = {
        "tenant_id": "default",
        "command_id": "cmd_1",
        "event_id": "evt_1",
        "occurred_at_us": 5_000_000,
        "produced_at_us": 5_000_000,
        "kind": CommandKind.RECOVER,
        "endpoint_id": "ep_1",
        "requested_by": "",
    }
    return msgspec.convert({**plain, **about}, WebhookCommand)


def attempt(of: WebhookDelivery, outcome: AttemptOutcome, offset: int) -> WebhookAttempt:
    return WebhookAttempt(
        tenant_id="default",
        bot_id=of.bot_id,
        meeting_id=of.meeting_id,
        delivery_id=of.delivery_id,
        endpoint_id=of.endpoint_id,
        sequence=of.sequence,
        event_type=of.event_type,
        attempt=1,
        occurred_at_us=0,
        produced_at_us=0,
        outcome=outcome,
        status=0,
        error_class="",
        latency_ms=0,
        response_snippet="",
        delivery_offset=offset,
    )
