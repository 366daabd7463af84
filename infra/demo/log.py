"""The demo's own eyes on the log: every record of one bot as it is appended, without a consumer group."""

import asyncio
from collections.abc import Callable

from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, Message, TopicPartition

from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import Record
from schemas.kafka_client import consumer_config
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import (
    BOT_EVENTS,
    BY_NAME,
    MEETING_PARTICIPANTS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    Topic,
)

WATCHED = (BOT_EVENTS, MEETING_PARTICIPANTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS, TRANSCRIPT_EVENTS)
POLL_S = 0.1
BROKER_TIMEOUT_S = 10.0


class Log:
    """Follows one bot from the moment this is made. `on_record` sees every record once, in order per topic."""

    def __init__(self, settings: Settings, bot_id: str, on_record: Callable[[Topic, Record], None]) -> None:
        self._key = bot_id.encode()
        self._on_record = on_record
        self._codec = Codec(Registry(settings.schema_registry_url))
        self._consumer = Consumer(consumer_config(settings.kafka_bootstrap_servers, f"earshot-demo-{bot_id}"))
        self._consumer.assign([self._end_of(topic.name, topic.partitions) for topic in WATCHED])
        self._heard = asyncio.Condition()

    async def follow(self) -> None:
        """Read until cancelled."""
        try:
            while True:
                await self._step()
        finally:
            self._consumer.close()

    async def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until `condition` holds after some record; raises Unavailable that says `what` did not happen."""
        try:
            async with asyncio.timeout(timeout_s), self._heard:
                await self._heard.wait_for(condition)
        except TimeoutError as error:
            raise Unavailable(
                f"{what} did not happen within {timeout_s:.0f} s", remedy="the logs of the stages say more"
            ) from error

    async def _step(self) -> None:
        for message in await self._poll():
            if message.error() is None and message.key() == self._key:
                topic = BY_NAME[message.topic() or ""]
                assert topic.record is not None
                self._on_record(topic, self._codec.decode(topic, message.value(), topic.record))
        async with self._heard:
            self._heard.notify_all()

    async def _poll(self) -> list[Message]:
        """Never leaves the consumer in use behind: closing it under a running poll is not allowed."""
        poll = asyncio.ensure_future(asyncio.to_thread(self._consumer.consume, 500, POLL_S))
        try:
            return await asyncio.shield(poll)
        except asyncio.CancelledError:
            await poll
            raise

    def _end_of(self, topic: str, partitions: int) -> TopicPartition:
        hashed: int = murmur2(self._key)
        place = TopicPartition(topic, (hashed & 0x7FFFFFFF) % partitions)
        _, end = self._consumer.get_watermark_offsets(place, timeout=BROKER_TIMEOUT_S)
        return TopicPartition(topic, place.partition, end)
