"""SHELL: one process's way to Kafka, for however many bots live in it: one producer, one codec, one backlog."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.bot.backlog import Backlog
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
BACKLOG_BYTES = 64_000_000
KAFKA_REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"
Settled = Callable[[int | None], None]


class Outlet:
    """Sends records of any bot. It waits for nothing: `backlog` says how much is on its way."""

    def __init__(self, settings: BotSettings) -> None:
        self.backlog = Backlog(BACKLOG_BYTES)
        self._settings = settings
        self._registry = Registry(settings.schema_registry_url, timeout_s=settings.startup_timeout_s / 2)
        self._codec = Codec(self._registry)
        self._producer = Producer(
            {
                **producer_config(settings.kafka_bootstrap_servers),
                "message.timeout.ms": 0,
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": 4 * BACKLOG_BYTES // 1000,
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
        """Send a record; `settled` gets its offset, or None when Kafka refused it for good."""
        value = self._codec.encode(topic, record)
        self.backlog.sent(len(value))

        def delivered(error: KafkaError | None, message: Message) -> None:
            self.backlog.settled(len(value))
            settled(None if error else _taken(message))
            if error:
                log.error("record_refused", topic=topic.name, error=str(error))

        self._producer.produce(topic.name, key=key, value=value, headers=[*headers], on_delivery=delivered)
        self._producer.poll(0)

    def poll(self) -> None:
        """Take delivery reports; call it often."""
        self._producer.poll(0)

    async def flush(self, timeout_s: float) -> bool:
        """Wait until nothing is on its way any more; False when something still is at the end."""
        return await asyncio.to_thread(self._producer.flush, timeout_s) == 0


def _taken(message: Message) -> int:
    RECORDS_WRITTEN.labels(STAGE, message.topic()).inc()
    return message.offset() or 0


def _log_error(error: Any) -> None:
    log.warning("kafka_trouble", error=str(error))
