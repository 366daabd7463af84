"""SHELL: one process's way to Kafka, for however many bots live in it: one producer, one codec, one backlog.

record ─► encoded ─► producer ─► Kafka          while the broker keeps up, or memory has room
             └─► spool on disk ─► producer      behind what is there already; back as memory empties
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.bot.backlog import Backlog
from producers.bot.spool import Spool, Spooled
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import Record
from schemas.kafka_client import Headers, producer_config
from schemas.registry import Registry
from schemas.settings import BotSettings
from schemas.telemetry import RECORDS_WRITTEN
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, MEETING_PARTICIPANTS, Topic

log = structlog.get_logger()
STAGE = "bot"
TOPICS = (AUDIO_FRAMES, MEETING_PARTICIPANTS, BOT_EVENTS)
MB = 1_000_000
FLUSH_STEP_S = 0.5
KAFKA_REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"
Settled = Callable[[int | None], None]


class Outlet:
    """Sends records of any bot. It waits for nothing: `backlog` says how much is on its way."""

    def __init__(self, settings: BotSettings) -> None:
        memory_bytes = settings.backlog_memory_mb * MB
        self.backlog = Backlog(memory_bytes, settings.backlog_disk_mb * MB)
        self._spool = Spool(settings.var_dir / "spool" / f"{os.getpid()}.spool")
        self._ways: dict[tuple[str, bytes], tuple[Headers, Settled]] = {}
        self._settings = settings
        self._registry = Registry(settings.schema_registry_url, timeout_s=settings.startup_timeout_s / 2)
        self._codec = Codec(self._registry)
        self._producer = Producer(
            {
                **producer_config(settings.kafka_bootstrap_servers),
                "message.timeout.ms": 0,
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": max(4 * memory_bytes, 64 * MB) // 1000,
                "error_cb": _log_error,
            }
        )

    async def check(self) -> None:
        """Raises Unavailable, with a remedy, when broker, topics or registry are not there in time."""
        await asyncio.to_thread(self._check_broker)
        for topic in TOPICS:
            await asyncio.to_thread(self._registry.register, topic)

    def _check_broker(self) -> None:
        try:
            found = self._producer.list_topics(timeout=self._settings.startup_timeout_s / 2).topics
        except KafkaException as error:
            where = self._settings.kafka_bootstrap_servers
            raise Unavailable(f"Kafka at {where} does not answer", remedy=KAFKA_REMEDY) from error
        missing = [topic.name for topic in TOPICS if topic.name not in found]
        if missing:
            raise Unavailable(f"topics are not there: {', '.join(missing)}", remedy="`earshot topics create`")

    def send(self, topic: Topic, key: bytes, record: Record, headers: Headers, settled: Settled) -> None:
        """Send a record; `settled` gets its offset, or None when Kafka refused it for good.

        Headers and `settled` are the same for all of a bot's records of a topic.
        """
        self._ways[topic.name, key] = (headers, settled)
        encoded = Spooled(topic.name, key, self._codec.encode(topic, record))
        if self.backlog.spools(len(encoded.value)):
            self._spool_up(encoded)
        else:
            self._produce(encoded)
        self.poll()

    def poll(self) -> None:
        """Take delivery reports, and bring back what is on disk as there is room; call it often."""
        self._producer.poll(0)
        while self.backlog.refills() and (oldest := self._spool.pop()):
            self.backlog.unspooled(len(oldest.value))
            self._produce(oldest)

    async def flush(self, timeout_s: float) -> bool:
        """Wait until nothing is on its way any more; False when something still is at the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._underway():
                    await asyncio.to_thread(self._producer.flush, FLUSH_STEP_S)
                    self.poll()
        return not self._underway()

    def _underway(self) -> bool:
        return len(self._producer) > 0 or self.backlog.spooled_bytes > 0

    def _spool_up(self, record: Spooled) -> None:
        if not self.backlog.spooled_bytes:
            log.warning("spooling", waiting_bytes=self.backlog.waiting_bytes)
        self._spool.append(record)
        self.backlog.spooled(len(record.value))
        if self._spool.full:
            self.backlog.disk_refuses()

    def _produce(self, record: Spooled) -> None:
        headers, settled = self._ways[record.topic, record.key]
        size_bytes = len(record.value)
        self.backlog.sent(size_bytes)

        def delivered(error: KafkaError | None, message: Message) -> None:
            self.backlog.settled(size_bytes)
            settled(None if error else _taken(message))
            if error:
                log.error("record_refused", topic=record.topic, error=str(error))

        self._producer.produce(
            record.topic, key=record.key, value=record.value, headers=[*headers], on_delivery=delivered
        )


def _taken(message: Message) -> int:
    RECORDS_WRITTEN.labels(STAGE, message.topic()).inc()
    return message.offset() or 0


def _log_error(error: Any) -> None:
    log.warning("kafka_trouble", error=str(error))
