"""`webhook.deliveries` and `webhook.attempts` read by hand: from a time on, or one record; no group, no commits."""

from collections.abc import Iterator
from typing import TypeVar
from uuid import uuid4

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable
from schemas.events import Record, WebhookAttempt, WebhookDelivery
from schemas.kafka_client import consumer_config
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, Topic
from sinks.broker import REMEDY, demand_hope, partitions_of
from sinks.message import raw

R = TypeVar("R", bound=Record)
Found = Iterator[tuple[int, R]]
log = structlog.get_logger()


class DeliveryLog:
    """Every call blocks and must come from one thread; Unavailable when Kafka or the registry is away.

    Records are found by their Kafka timestamp, which is when they were written: an event from `since_us` on was written
    after it. What cannot be read is logged and left where it lies.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        self._timeout_s = settings.startup_timeout_s
        self._codec = Codec(Registry(settings.schema_registry_url))
        config = consumer_config(settings.kafka_bootstrap_servers, f"earshot-webhook-log-{uuid4()}")
        self._consumer = Consumer({**config, "enable.partition.eof": True})
        self.partitions = partitions_of(self._consumer, WEBHOOK_DELIVERIES.name, settings)

    def __enter__(self) -> "DeliveryLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def deliveries(self, partition: int, since_us: int) -> Found[WebhookDelivery]:
        """With offsets, to the end as it is now."""
        return self._records(WEBHOOK_DELIVERIES, WebhookDelivery, partition, since_us)

    def attempts(self, partition: int, since_us: int) -> Found[WebhookAttempt]:
        """With offsets, to the end as it is now."""
        return self._records(WEBHOOK_ATTEMPTS, WebhookAttempt, partition, since_us)

    def delivery_at(self, partition: int, offset: int) -> WebhookDelivery | None:
        """None when that record is gone or unreadable."""
        place = TopicPartition(WEBHOOK_DELIVERIES.name, partition, offset)
        for found_offset, delivery in self._from(place, WEBHOOK_DELIVERIES, WebhookDelivery):
            return delivery if found_offset == offset else None
        return None

    def _records(self, topic: Topic, record_type: type[R], partition: int, since_us: int) -> Found[R]:
        try:
            asked = [TopicPartition(topic.name, partition, since_us // 1000)]
            [place] = self._consumer.offsets_for_times(asked, timeout=self._timeout_s)
        except KafkaException as error:
            raise Unavailable(f"Kafka does not answer: {error}", remedy=REMEDY) from error
        if place.offset >= 0:
            yield from self._from(place, topic, record_type)

    def _from(self, place: TopicPartition, topic: Topic, record_type: type[R]) -> Found[R]:
        self._consumer.assign([place])
        for message in self._to_the_end():
            found = raw(message)
            try:
                yield found.offset, self._codec.decode(topic, found.value, record_type)
            except InvalidRecord as error:
                log.warning("record_unreadable", topic=topic.name, offset=found.offset, error=error.message)

    def _to_the_end(self) -> Iterator[Message]:
        while True:
            message = self._consumer.poll(self._timeout_s)
            if message is None:
                raise Unavailable("Kafka stopped answering", remedy=REMEDY)
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            else:
                demand_hope(error, "the delivery log")
