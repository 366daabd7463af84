"""`webhook.endpoints` read to its end, changed one record at a time, and followed while the sink runs."""

import asyncio
from collections.abc import Callable
from threading import Event, Thread

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable, UsageError
from schemas.events import WebhookEndpoint
from schemas.kafka_client import consumer_config, producer_config, record_headers
from schemas.message import raw
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.topics import WEBHOOK_ENDPOINTS
from sinks.broker import REMEDY, demand_hope, end_of, partitions_of
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.keyring import Keyring
from sinks.webhooks.endpoints.table import EndpointTable

POLL_S = 0.25
FLUSH_S = 30.0
Change = Callable[[WebhookEndpoint], WebhookEndpoint]
Changed = Callable[[list[Endpoint]], None]
log = structlog.get_logger()


class EndpointLog:
    """One reader of the topic, from its beginning. Every call blocks and must come from one thread.

    A record that cannot be read is logged and leaves the endpoint as it was. Raises Unavailable when Kafka is away.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        self.table = EndpointTable()
        self._position = 0
        self._settings = settings
        self._codec = Codec(Registry(settings.schema_registry_url))
        config = consumer_config(settings.kafka_bootstrap_servers, "earshot-webhook-endpoints")
        self._consumer = Consumer({**config, "enable.partition.eof": True})
        partitions_of(self._consumer, WEBHOOK_ENDPOINTS.name, settings)
        self._consumer.assign([TopicPartition(WEBHOOK_ENDPOINTS.name, 0, OFFSET_BEGINNING)])

    def close(self) -> None:
        self._consumer.close()

    def read_to_end(self) -> EndpointTable:
        """The table as it is now."""
        place = TopicPartition(WEBHOOK_ENDPOINTS.name, 0)
        end = end_of(self._consumer, place, self._settings)
        while self._position < end:
            self._take(self._next())
        return self.table

    def read_to(self, offset: int) -> WebhookEndpoint | None:
        """Read on to the record at `offset` and return what it took the place of."""
        while True:
            taken = self._take(self._next())
            if taken and taken[0] == offset:
                return taken[1]

    def poll(self, timeout_s: float) -> bool:
        """Whether the table changed within `timeout_s`."""
        message = self._consumer.poll(timeout_s)
        return message is not None and self._take(message) is not None

    def _next(self) -> Message:
        message = self._consumer.poll(self._settings.startup_timeout_s)
        if message is None:
            raise Unavailable("Kafka stopped answering", remedy=REMEDY)
        return message

    def _take(self, message: Message) -> tuple[int, WebhookEndpoint | None] | None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._position = message.offset() or 0  # compaction may have taken what was before it
            else:
                demand_hope(error, "the endpoints", message.topic())
            return None
        found = raw(message)
        self._position = found.offset + 1
        endpoint_id = (found.key or b"").decode("utf-8", "replace")
        try:
            record = self._codec.decode(WEBHOOK_ENDPOINTS, found.value, WebhookEndpoint) if found.value else None
        except InvalidRecord as unreadable:
            log.warning("endpoint_unreadable", offset=found.offset, error=unreadable.message)
            return found.offset, self.table.records.get(endpoint_id)
        return found.offset, self.table.take(endpoint_id, record)


class EndpointStore:
    """Changes to endpoints, each acknowledged by the broker before the call returns. Every call blocks."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._log = EndpointLog(settings)
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._producer = Producer(producer_config(settings.kafka_bootstrap_servers))

    def __enter__(self) -> "EndpointStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()

    def read(self) -> EndpointTable:
        return self._log.read_to_end()

    def put(self, record: WebhookEndpoint) -> None:
        """A new endpoint."""
        self._write(record.endpoint_id, record.tenant_id, self._codec.encode(WEBHOOK_ENDPOINTS, record))

    def remove(self, record: WebhookEndpoint) -> None:
        self._write(record.endpoint_id, record.tenant_id, None)

    def change(self, endpoint_id: str, change: Change) -> WebhookEndpoint:
        """Put `change` of the last revision; when somebody else wrote in between, do it again on top of theirs.

        Raises UsageError when the endpoint is not there, or is removed meanwhile.
        """
        base = expected = self.read().demand(endpoint_id)
        while True:
            changed = change(base)
            value = self._codec.encode(WEBHOOK_ENDPOINTS, changed)
            before = self._log.read_to(self._write(endpoint_id, changed.tenant_id, value))
            if before == expected:
                return changed
            if before is None:
                self.remove(changed)
                raise UsageError(f"{endpoint_id} was just removed", remedy="`earshot webhooks endpoints list`")
            base, expected = before, changed

    def _write(self, endpoint_id: str, tenant_id: str, value: bytes | None) -> int:
        answers: list[tuple[KafkaError | None, int]] = []
        headers: list[tuple[str, str | bytes | None]] = [*record_headers(tenant_id, endpoint_id)]
        self._producer.produce(
            WEBHOOK_ENDPOINTS.name,
            key=endpoint_id,
            value=value,
            headers=headers,
            on_delivery=lambda error, message: answers.append((error, message.offset() or 0)),
        )
        self._producer.flush(FLUSH_S)
        if not answers or answers[0][0]:
            raise Unavailable(f"{WEBHOOK_ENDPOINTS.name} does not take a record: {answers}", remedy=REMEDY)
        return answers[0][1]


class EndpointFollower:
    """Tells the running loop of every change. `own` is the settings' endpoint, which is always there.

    `on_change` is called in the loop: once before `start` returns, then whenever the topic has something new.
    """

    def __init__(self, settings: WebhookSettings, keyring: Keyring, own: Endpoint | None, on_change: Changed) -> None:
        self._settings = settings
        self._keyring = keyring
        self._own = own
        self._on_change = on_change
        self._closed = Event()

    async def __aenter__(self) -> "EndpointFollower":
        """Raises Unavailable when Kafka or the topic is away."""
        self._loop = asyncio.get_running_loop()
        self._log = await asyncio.to_thread(EndpointLog, self._settings)
        await asyncio.to_thread(self._log.read_to_end)
        self._on_change(self._endpoints())
        self._thread = Thread(target=self._follow, name="webhook-endpoints", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed.set()
        await asyncio.to_thread(self._thread.join)
        self._log.close()

    def _follow(self) -> None:
        while not self._closed.is_set():
            try:
                changed = self._log.poll(POLL_S)
            except Unavailable as error:
                log.warning("endpoints_away", error=error.message)
                self._closed.wait(POLL_S)
                continue
            if changed:
                self._loop.call_soon_threadsafe(self._on_change, self._endpoints())

    def _endpoints(self) -> list[Endpoint]:
        found = [self._own] if self._own else []
        for endpoint, fault in self._log.table.opened(self._keyring):
            if fault:
                log.error("endpoint_secret_does_not_open", endpoint_id=endpoint.endpoint_id, error=fault)
            found.append(endpoint)
        return found
