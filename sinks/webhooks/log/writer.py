"""Records onto topics, from a running event loop, with the broker's word for each."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from confluent_kafka import KafkaError, Message, Producer

from schemas.answers import Answers
from schemas.codec import Codec
from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord, Unavailable
from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.kafka_client import Headers, producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.telemetry import RECORDS_DEAD, RECORDS_WRITTEN
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, WEBHOOK_PARKED, Topic
from sinks.webhooks.log.parked import Write
from sinks.webhooks.log.pending import Pending

FLUSH_S = 1.0
FULL_S = 0.005
REMEDY = "`earshot topics create`; see the broker's log"
OnAck = Callable[[int], None]
"""Hears the record's offset, in the loop, in the order of offsets within a partition."""


class LogWriter:
    """Writes in the order of the calls, all of which come from the loop, which also asks for the broker's answers.

    A record that the broker does not take ends everything: `failed` raises Unavailable. Confluent's own asyncio producer would
    do but for headers, which it does not take.
    """

    def __init__(self, settings: WebhookSettings, stage: str, *, linger_ms: int) -> None:
        self._stage = stage
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._producer = Producer(producer_config(settings.kafka_bootstrap_servers, linger_ms=linger_ms))
        self._acks: deque[tuple[str, OnAck, int]] = deque()
        self._answers = Answers(self._producer, self._hear)
        self._written = {
            topic.name: RECORDS_WRITTEN.labels(stage, topic.name)
            for topic in (WEBHOOK_DELIVERIES, WEBHOOK_ATTEMPTS, WEBHOOK_PARKED)
        }

    async def __aenter__(self) -> "LogWriter":
        self._loop = asyncio.get_running_loop()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._producer.flush(FLUSH_S)
        self._answers.stop()
        self._hear()
        self._failure.cancel()

    async def failed(self) -> None:
        """Returns never; raises Unavailable when the broker does not take a record."""
        await asyncio.shield(self._failure)

    async def settled(self) -> None:
        """Until every record written so far, and what its acknowledgement made us write, has its answer."""
        await self._answers.all_heard()

    def write(self, topic: Topic, record: WebhookDelivery | WebhookAttempt, partition: int, on_ack: OnAck) -> None:
        """Append `record`; `on_ack` hears its offset once every replica has it."""
        value = self._codec.encode(topic, record)
        headers = record_headers(record.tenant_id, record.bot_id)
        self._produce(topic.name, record.bot_id.encode(), value, headers, partition, on_ack)

    def written(self, topic: Topic, record: WebhookDelivery | WebhookAttempt, partition: int) -> "asyncio.Future[int]":
        """The same, to be awaited."""
        offset: asyncio.Future[int] = self._loop.create_future()
        self.write(topic, record, partition, lambda at: None if offset.done() else offset.set_result(at))
        return offset

    def park(self, write: Write, on_ack: OnAck) -> None:
        """A record or a tombstone for webhook.parked."""
        record, topic = write.record, WEBHOOK_PARKED
        value = self._codec.encode(topic, record) if record else None
        headers = record_headers(record.tenant_id, record.bot_id) if record else []
        self._produce(topic.name, write.key.encode(), value, headers, write.partition, on_ack)

    def bury(self, pending: Pending, error: InvalidRecord, now_us: int, on_ack: OnAck) -> None:
        """Put a delivery that nobody took on its dead-letter topic, as it lies on the log."""
        delivery, topic = pending.delivery, WEBHOOK_DELIVERIES
        value = self._codec.encode(topic, delivery)
        headers = tuple(record_headers(delivery.tenant_id, delivery.bot_id))
        origin = RawRecord(topic.name, pending.partition, pending.offset, delivery.bot_id.encode(), value, headers)
        letter = dead_letter(origin, stage=self._stage, error=error, failed_at_us=now_us)
        RECORDS_DEAD.labels(self._stage, topic.name, error.error_class).inc()
        self._produce(letter.topic, letter.key, letter.value, letter.headers, -1, on_ack)

    def _produce(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int, on_ack: OnAck
    ) -> None:
        def on_delivery(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self._acks.append((topic, on_ack, message.offset() or 0))
            else:
                self._fail(f"{topic} does not take a record: {error}")

        pairs: list[tuple[str, str | bytes | None]] = [*headers]
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, headers=pairs, partition=partition, on_delivery=on_delivery
                )
            except BufferError:
                self._producer.poll(
                    FULL_S
                )  # makes room; what an answer makes us write may not run ahead of this record
            else:
                break
        self._answers.due()

    def _hear(self) -> None:
        counted = Counter[str]()
        while self._acks:
            topic, on_ack, offset = self._acks.popleft()
            counted[topic] += 1
            on_ack(offset)
        for topic, count in counted.items():
            if topic in self._written:
                self._written[topic].inc(count)

    def _fail(self, message: str) -> None:
        if not self._failure.done():
            self._failure.set_exception(Unavailable(message, remedy=REMEDY))
