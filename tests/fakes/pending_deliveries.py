"""Deliveries that wait in lanes, by bot number and sequence."""

from schemas.events import WebhookDelivery
from schemas.vocabulary import Ordering
from sinks.webhooks.log.pending import Pending


def delivery(bot: int, sequence: int) -> WebhookDelivery:
    return WebhookDelivery(
        tenant_id="default",
        bot_id=f"bot_{bot}",
        meeting_id="mtg_1",
        delivery_id=f"msg_{bot}_{sequence}",
        endpoint_id="ep_1",
        sequence=sequence,
        event_type="bot.joining",
        event_id=f"evt_{bot}_{sequence}",
        occurred_at_us=0,
        produced_at_us=0,
        body=b"{}",
        content_type="application/json",
        ordering=Ordering.BOT,
    )


def pending(bot: int, sequence: int, **changes: int) -> Pending:
    return Pending(partition=bot, offset=sequence, delivery=delivery(bot, sequence), **changes)
