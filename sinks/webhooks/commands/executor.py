"""Carries out `webhook.commands`: every command ends as records appended to `webhook.deliveries`, in the same partition.

The lanes take it from there, so what a person asks for is ordered, retried and logged like everything else. A command is
committed when its records are on the log; a process killed in between carries it out again, and receivers know the message.
"""

import asyncio
from collections.abc import Iterator
from threading import Event

import structlog
from confluent_kafka import KafkaError, Producer

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable
from schemas.events import WebhookCommand, WebhookDelivery
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.timebase import SystemClock
from schemas.topics import WEBHOOK_COMMANDS, WEBHOOK_DELIVERIES
from schemas.vocabulary import CommandKind, DeliveryTrigger
from schemas.webhooks.documents import example_file
from schemas.webhooks.payloads import EVENTS
from sinks.log_reader import LogReader, LogRecord
from sinks.webhooks.commands.copy import copied, example_delivery
from sinks.webhooks.commands.recovery import Recovery
from sinks.webhooks.log.delivery_log import DeliveryLog

STAGE = "sink webhooks"
POLL_S = 0.25
FLUSH_S = 60.0
FLUSH_EVERY = 1000
log = structlog.get_logger()


class CommandExecutor:
    """One member of the commands' group. `run` until `stop`; raises Unavailable when Kafka or the registry is away."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._stopping = Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        await asyncio.to_thread(self._serve)

    def _serve(self) -> None:
        settings = self._settings
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._producer = Producer(producer_config(settings.kafka_bootstrap_servers))
        group_id = f"{settings.webhook_consumer_group}-commands"
        reader = LogReader(settings, group_id=group_id, topics=[WEBHOOK_COMMANDS], stage=STAGE)
        with DeliveryLog(settings) as self._log:
            while not self._stopping.is_set():
                for found in reader.poll(POLL_S):
                    self._carry_out(reader, found)
        reader.close()

    def _carry_out(self, reader: LogReader, found: LogRecord) -> None:
        command = found.record
        assert isinstance(command, WebhookCommand)
        try:
            appended = self._append(self._deliveries(command, found.partition), found.partition)
        except InvalidRecord as error:
            reader.bury(found.raw, error)
            appended = 0
        reader.commit({found.place: found.offset + 1})
        log.info(
            "command_carried_out",
            command_id=command.command_id,
            kind=command.kind.value,
            endpoint_id=command.endpoint_id,
            partition=found.partition,
            deliveries=appended,
        )

    def _deliveries(self, command: WebhookCommand, partition: int) -> Iterator[WebhookDelivery]:
        match command.kind:
            case CommandKind.RESEND:
                yield self._resent(command, partition)
            case CommandKind.RECOVER:
                yield from self._recovered(command, partition)
            case CommandKind.TEST if command.event_type in EVENTS:
                example = example_file(command.event_type).read_bytes()
                yield example_delivery(command, example, self._clock.now_us())
            case _:
                raise InvalidRecord(f"{command.command_id} asks for nothing known here", error_class="unknown_command")

    def _resent(self, command: WebhookCommand, partition: int) -> WebhookDelivery:
        offset = command.delivery_offset
        delivery = None if offset is None else self._log.delivery_at(partition, offset)
        if delivery is None or delivery.delivery_id != command.delivery_id:
            raise InvalidRecord(f"{command.delivery_id} is not at offset {offset}", error_class="delivery_gone")
        return copied(delivery, DeliveryTrigger.RESEND, self._clock.now_us())

    def _recovered(self, command: WebhookCommand, partition: int) -> Iterator[WebhookDelivery]:
        """Three passes over the log rather than its bodies in memory."""
        since_us, recovery = command.since_us or 0, Recovery(command)
        for offset, delivery in self._log.deliveries(partition, since_us):
            recovery.note_delivery(offset, delivery)
        for _, attempt in self._log.attempts(partition, since_us):
            recovery.note_attempt(attempt)
        for offset, delivery in self._log.deliveries(partition, since_us):
            if recovery.wanted(offset, delivery):
                yield copied(delivery, DeliveryTrigger.RECOVER, self._clock.now_us())

    def _append(self, deliveries: Iterator[WebhookDelivery], partition: int) -> int:
        """Put them on the log in order and wait for the broker; raises Unavailable when it does not take one."""
        failures: list[KafkaError] = []
        appended = 0
        for delivery in deliveries:
            headers: list[tuple[str, str | bytes | None]] = [*record_headers(delivery.tenant_id, delivery.bot_id)]
            self._producer.produce(
                WEBHOOK_DELIVERIES.name,
                key=delivery.bot_id,
                value=self._codec.encode(WEBHOOK_DELIVERIES, delivery),
                headers=headers,
                partition=partition,
                on_delivery=lambda error, _: failures.append(error) if error else None,
            )
            appended += 1
            if appended % FLUSH_EVERY == 0:
                self._producer.flush(FLUSH_S)
        if self._producer.flush(FLUSH_S) or failures:
            raise Unavailable(f"{WEBHOOK_DELIVERIES.name} does not take a record: {failures}", remedy="see the broker")
        return appended
