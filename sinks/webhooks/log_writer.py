"""Records onto topics, from a running event loop, with the broker's word for each."""

import asyncio
from concurrent.futures import Future
from threading import Event, Thread

from confluent_kafka import KafkaError, Message, Producer

from schemas.codec import Codec
from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord, Unavailable
from schemas.events import WebhookAttempt, WebhookDelivery
from schemas.kafka_client import Headers, producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.telemetry import RECORDS_DEAD, RECORDS_WRITTEN
from schemas.topics import WEBHOOK_DELIVERIES, Topic
from sinks.webhooks.pending import Pending

POLL_S = 0.2
FLUSH_S = 1.0
REMEDY = "`earshot topics create`; see the broker's log"


class LogWriter:
    """Writes in the order of the calls, all of which come from the loop. One thread serves the broker's answers.

    Confluent's own asyncio producer would do but for headers, which it does not take.
    """

    def __init__(self, settings: WebhookSettings, stage: str) -> None:
        self._stage = stage
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._producer = Producer(producer_config(settings.kafka_bootstrap_servers))
        self._closed = Event()
        self._thread = Thread(target=self._serve, name="webhook-log-writer", daemon=True)

    async def __aenter__(self) -> "LogWriter":
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._producer.flush(FLUSH_S)
        self._closed.set()
        self._thread.join()

    def write(self, topic: Topic, record: WebhookDelivery | WebhookAttempt, partition: int) -> "asyncio.Future[int]":
        """Offset of `record`, once every replica has it; or Unavailable, when the broker does not take it."""
        value = self._codec.encode(topic, record)
        headers = record_headers(record.tenant_id, record.bot_id)
        return self._produce(topic.name, record.bot_id.encode(), value, headers, partition)

    async def bury(self, pending: Pending, error: InvalidRecord, now_us: int) -> None:
        """Put a delivery that nobody took on its dead-letter topic, as it lies on the log."""
        delivery, topic = pending.delivery, WEBHOOK_DELIVERIES
        value = self._codec.encode(topic, delivery)
        headers = tuple(record_headers(delivery.tenant_id, delivery.bot_id))
        origin = RawRecord(topic.name, pending.partition, pending.offset, delivery.bot_id.encode(), value, headers)
        letter = dead_letter(origin, stage=self._stage, error=error, failed_at_us=now_us)
        await self._produce(letter.topic, letter.key, letter.value, letter.headers)
        RECORDS_DEAD.labels(self._stage, topic.name, error.error_class).inc()

    def _produce(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int = -1
    ) -> "asyncio.Future[int]":
        answer: Future[int] = Future()
        answer.set_running_or_notify_cancel()  # whoever stops waiting does not stop the broker's answer

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            if error is None:
                RECORDS_WRITTEN.labels(self._stage, topic).inc()
                answer.set_result(message.offset() or 0)
            else:
                answer.set_exception(Unavailable(f"{topic} does not take a record: {error}", remedy=REMEDY))

        pairs: list[tuple[str, str | bytes | None]] = [*headers]
        self._producer.produce(topic, key=key, value=value, headers=pairs, partition=partition, on_delivery=on_delivery)
        return asyncio.wrap_future(answer)

    def _serve(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(POLL_S)
