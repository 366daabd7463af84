"""`webhook.deliveries` and `webhook.attempts` read by hand: from a time on, or one record; no group, no commits."""

from collections.abc import Iterator
from typing import TypeVar

import structlog

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.events import Record, WebhookAttempt, WebhookDelivery
from schemas.settings import WebhookSettings
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, Topic
from sinks.webhooks.log.partition_reader import PartitionReader

R = TypeVar("R", bound=Record)
Found = Iterator[tuple[int, R]]
log = structlog.get_logger()


class DeliveryLog:
    """Every call blocks and must come from one thread; Unavailable when Kafka or the registry is away.

    Records are found by their Kafka timestamp, which is when they were written: an event from `since_us` on was written
    after it. What cannot be read is logged and left where it lies.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        self._reader = PartitionReader(settings, "earshot-webhook-log", _left_alone)

    def __enter__(self) -> "DeliveryLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def deliveries(self, partition: int, since_us: int) -> Found[WebhookDelivery]:
        """With offsets, to the end as it is now."""
        return self._since(WEBHOOK_DELIVERIES, WebhookDelivery, partition, since_us)

    def attempts(self, partition: int, since_us: int) -> Found[WebhookAttempt]:
        """With offsets, to the end as it is now."""
        return self._since(WEBHOOK_ATTEMPTS, WebhookAttempt, partition, since_us)

    def delivery_at(self, partition: int, offset: int) -> WebhookDelivery | None:
        """None when that record is gone or unreadable."""
        for found_offset, delivery in self._from(WEBHOOK_DELIVERIES, WebhookDelivery, partition, offset):
            return delivery if found_offset == offset else None
        return None

    def _since(self, topic: Topic, record_type: type[R], partition: int, since_us: int) -> Found[R]:
        start = self._reader.offset_at(topic, partition, since_us)
        if start is not None:
            yield from self._from(topic, record_type, partition, start)

    def _from(self, topic: Topic, record_type: type[R], partition: int, start: int) -> Found[R]:
        for line in self._reader.lines(topic, record_type, partition, start):
            if line.record is not None:
                yield line.offset, line.record


def _left_alone(record: RawRecord, error: InvalidRecord) -> None:
    log.warning("record_unreadable", topic=record.topic, offset=record.offset, error=error.message)
