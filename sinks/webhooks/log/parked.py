"""What is written to webhook.parked, and what is read back from it. Pure.

A parked delivery is a pointer to its record on webhook.deliveries, with what is known of its tries. The topic is compacted
and its partition n belongs to partition n of the deliveries, so the key is the delivery's offset there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.events import WebhookParked
from schemas.vocabulary import Ordering
from sinks.webhooks.log.pending import Pending


@dataclass(frozen=True)
class Write:
    """A record for webhook.parked; None settles what is parked there."""

    partition: int
    offset: int
    record: WebhookParked | None

    @property
    def key(self) -> str:
        return parked_key(self.partition, self.offset)


@dataclass(frozen=True)
class ParkedPlace:
    """As much of a parked delivery as is kept in memory."""

    partition: int
    offset: int
    endpoint_id: str
    bot_id: str
    ordering: Ordering
    attempts: int = 0
    due_us: int = 0
    failing_since_us: int | None = None


def parked_key(partition: int, offset: int) -> str:
    return f"{partition}/{offset}"


def park(pending: Pending, failing_since_us: int | None, now_us: int) -> Write:
    """Take a delivery out of the way; or, parked already, note its latest try."""
    delivery = pending.delivery
    record = WebhookParked(
        tenant_id=delivery.tenant_id,
        bot_id=delivery.bot_id,
        meeting_id=delivery.meeting_id,
        delivery_id=delivery.delivery_id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        occurred_at_us=delivery.occurred_at_us,
        produced_at_us=now_us,
        delivery_offset=pending.offset,
        ordering=delivery.ordering,
        attempts=pending.attempts,
        next_attempt_at_us=pending.due_us,
        failing_since_us=failing_since_us,
    )
    return Write(pending.partition, pending.offset, record)


def unpark(partition: int, offset: int) -> Write:
    """The delivery is settled."""
    return Write(partition, offset, None)


def parked_place(partition: int, record: WebhookParked) -> ParkedPlace:
    return ParkedPlace(
        partition,
        record.delivery_offset,
        record.endpoint_id,
        record.bot_id,
        record.ordering,
        record.attempts,
        record.next_attempt_at_us,
        record.failing_since_us,
    )


def newest(lines: Iterable[tuple[str, WebhookParked | None]]) -> dict[str, WebhookParked]:
    """The parked topic read from its beginning, by key: what is parked now."""
    parked: dict[str, WebhookParked] = {}
    for key, record in lines:
        if record is None:
            parked.pop(key, None)
        else:
            parked[key] = record
    return parked
