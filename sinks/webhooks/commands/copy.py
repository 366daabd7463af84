"""What a command puts on `webhook.deliveries`: a delivery once more as it was, or an example of an event. Pure."""

from typing import Any

import msgspec

from schemas import ids
from schemas.events import WebhookCommand, WebhookDelivery
from schemas.vocabulary import DeliveryTrigger, Ordering
from schemas.webhooks.payloads import EVENTS, Envelope
from sinks.webhooks.events.envelope import CONTENT_TYPE, utc

TEST_MEETING = "mtg_test"


def copied(delivery: WebhookDelivery, trigger: DeliveryTrigger, now_us: int) -> WebhookDelivery:
    """The same message: id, number and body stay, so that a receiver knows it again."""
    return msgspec.structs.replace(delivery, produced_at_us=now_us, trigger=trigger)


def example_bot_id(command_id: str) -> str:
    """The bot a test event is about: a lane of its own, so that no test waits for another."""
    return f"bot_test_{command_id.removeprefix('cmd_')}"


def example_delivery(command: WebhookCommand, example: bytes, now_us: int) -> WebhookDelivery:
    """`example` is the event's example from schemas/webhooks, as it lies there."""
    event_type = command.event_type or ""
    bot_id = example_bot_id(command.command_id)
    event_id = ids.event_id(command.command_id, event_type)
    body: Envelope[Any] = msgspec.json.decode(example, type=EVENTS[event_type])
    about = msgspec.structs.replace(body.data, bot_id=bot_id, meeting_id=TEST_MEETING)
    changed = msgspec.structs.replace(body, id=event_id, timestamp=utc(command.occurred_at_us), sequence=0, data=about)
    return WebhookDelivery(
        tenant_id=command.tenant_id,
        bot_id=bot_id,
        meeting_id=TEST_MEETING,
        delivery_id=ids.delivery_id(command.endpoint_id, event_id),
        endpoint_id=command.endpoint_id,
        sequence=0,
        event_type=event_type,
        event_id=event_id,
        occurred_at_us=command.occurred_at_us,
        produced_at_us=now_us,
        body=msgspec.json.encode(changed),
        content_type=CONTENT_TYPE,
        ordering=Ordering.NONE,
        trigger=DeliveryTrigger.TEST,
    )
