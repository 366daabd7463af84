"""A delivery that is not settled yet. Pure."""

from dataclasses import dataclass

from schemas.events import WebhookDelivery


@dataclass(frozen=True, slots=True)
class Pending:
    """Where it lies on `webhook.deliveries`, tries so far, and when the next is due."""

    partition: int
    offset: int
    delivery: WebhookDelivery
    attempts: int = 0
    due_us: int = 0
