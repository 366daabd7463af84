"""A delivery that is not settled yet. Pure."""

import msgspec

from schemas.events import WebhookDelivery


class Pending(msgspec.Struct, frozen=True):
    """Where it lies on `webhook.deliveries`, tries so far, and when the next is due."""

    partition: int
    offset: int
    delivery: WebhookDelivery
    attempts: int = 0
    due_us: int = 0
