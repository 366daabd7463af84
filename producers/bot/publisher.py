"""The bot's way to Kafka. It never makes capture wait: what has no room is declared lost, by the backlog's rule."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.bot.backlog import Backlog
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import AudioChunk, Record
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import BotSettings
from schemas.telemetry import RECORDS_WRITTEN
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, MEETING_PARTICIPANTS, Topic

log = structlog.get_logger()
STAGE = "bot"
TOPICS = (AUDIO_FRAMES, MEETING_PARTICIPANTS, BOT_EVENTS)
BACKLOG_BYTES = 64_000_000
KAFKA_REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"


class Publisher:
    """Sends one bot's records, keyed by its id. `last_offsets` holds, by topic name, what Kafka acknowledged last."""

    def __init__(self, settings: BotSettings, bot_id: str) -> None:
        self._settings = settings
        self._key = bot_id.encode()
        self._headers = record_headers(settings.tenant_id, bot_id)
        self._registry = Registry(settings.schema_registry_url, timeout_s=settings.startup_timeout_s / 2)
        self._codec = Codec(self._registry)
        self._backlog = Backlog(BACKLOG_BYTES)
        self.last_offsets: dict[str, int] = {}
        self.failed = 0
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

    def send_chunk(self, chunk: AudioChunk) -> AudioChunk:
        """Send a chunk, or a gap in its place when the backlog is full; returns what was sent."""
        admitted = self._backlog.admit(chunk)
        self.send(AUDIO_FRAMES, admitted)
        return admitted

    def send(self, topic: Topic, record: Record) -> None:
        value = self._codec.encode(topic, record)
        self._backlog.sent(len(value))
        self._producer.produce(
            topic.name,
            key=self._key,
            value=value,
            headers=[*self._headers],
            on_delivery=self._settled(topic.name, len(value)),
        )
        self._producer.poll(0)

    def poll(self) -> None:
        """Take delivery reports; call it often."""
        self._producer.poll(0)

    async def flush(self, timeout_s: float) -> bool:
        """Wait until Kafka has acknowledged everything; False when it has not in time."""
        remaining = await asyncio.to_thread(self._producer.flush, timeout_s)
        return remaining == 0 and self.failed == 0

    def _settled(self, topic: str, size_bytes: int) -> Callable[[KafkaError | None, Message], None]:
        def settle(error: KafkaError | None, message: Message) -> None:
            self._backlog.settled(size_bytes)
            if error:
                self.failed += 1
                log.error("record_refused", topic=topic, error=str(error))
                return
            RECORDS_WRITTEN.labels(STAGE, topic).inc()
            self.last_offsets[topic] = message.offset() or 0

        return settle


def _log_error(error: Any) -> None:
    log.warning("kafka_trouble", error=str(error))
