"""Bodies of parked deliveries, read again from where they lie on webhook.deliveries."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from confluent_kafka import Consumer, KafkaError, TopicPartition

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable
from schemas.events import WebhookDelivery
from schemas.kafka_client import reader_config
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.topics import WEBHOOK_DELIVERIES
from sinks.broker import REMEDY, demand_hope

LONGEST_LEAP = 256
"""Records read past rather than asking the broker anew."""
SMALL_FETCHES = {"queued.max.messages.kbytes": 4096, "fetch.message.max.bytes": 262_144}
Place = tuple[int, int]
"""Partition and offset."""
Body = tuple[Place, WebhookDelivery | None]


class Refetch:
    """Reads by offset, in a thread and with a consumer of its own, outside any group."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._timeout_s = settings.startup_timeout_s
        self._codec = Codec(Registry(settings.schema_registry_url))
        config = reader_config(settings.kafka_bootstrap_servers, f"{settings.webhook_consumer_group}-refetch")
        self._consumer = Consumer({**config, **SMALL_FETCHES})
        self._thread = ThreadPoolExecutor(1, "webhook-refetch")

    def close(self) -> None:
        self._thread.shutdown()
        self._consumer.close()

    async def bodies(self, places: Sequence[Place]) -> list[Body]:
        """In order of offset within a partition; None for what is no longer on the log, or unreadable."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: list(self._bodies(sorted(set(places)))))

    def _bodies(self, places: Sequence[Place]) -> Iterator[Body]:
        for partition, wanted in groupby(places, key=lambda place: place[0]):
            yield from self._of_partition(partition, [offset for _, offset in wanted])
        self._consumer.unassign()

    def _of_partition(self, partition: int, offsets: Sequence[int]) -> Iterator[Body]:
        at = -1
        for offset in offsets:
            if at < 0 or offset - at > LONGEST_LEAP:
                self._consumer.assign([TopicPartition(WEBHOOK_DELIVERIES.name, partition, offset)])
            value, at = self._read(offset)
            yield (partition, offset), self._decoded(value)

    def _read(self, offset: int) -> tuple[bytes | None, int]:
        """The value at `offset`, and up to where was read: beyond it when it is gone."""
        deadline_s = time.monotonic() + self._timeout_s
        while time.monotonic() < deadline_s:
            message = self._consumer.poll(0.5)
            error = message.error() if message else None
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return None, -1
            if message and error is not None:
                demand_hope(error, "sink webhooks", message.topic())
            elif message and (message.offset() or 0) >= offset:
                there = message.offset() == offset
                return (message.value() if there else None), (offset if there else -1)
        raise Unavailable("Kafka stopped answering", remedy=REMEDY)

    def _decoded(self, value: bytes | None) -> WebhookDelivery | None:
        try:
            return self._codec.decode(WEBHOOK_DELIVERIES, value, WebhookDelivery) if value else None
        except InvalidRecord:
            return None
