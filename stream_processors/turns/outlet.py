"""Where the turns go: records onto our topics, each acknowledged by Kafka before anything is built on it. Shell."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, Producer

from schemas.codec import Codec
from schemas.dead_letter import DeadLetter
from schemas.errors import Unavailable
from schemas.events import TranscriptEvent, Turn
from schemas.kafka_client import producer_config, record_headers
from schemas.telemetry import RECORDS_WRITTEN
from schemas.topics import TRANSCRIPT_EVENTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS, Topic

ACK_DEADLINE_S = 20.0
STAGE = "turns"


@dataclass
class Receipts:
    """What the broker said of the records of one batch."""

    last_offset: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def take(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.refused.append(f"{message.topic()}: {error}")
            return
        topic, offset = message.topic(), message.offset()
        assert topic is not None
        assert offset is not None
        RECORDS_WRITTEN.labels(STAGE, topic).inc()
        self.last_offset[topic] = offset


class Outlet:
    """Encodes and produces. Every method returns once the broker has it all, and raises Unavailable if it will not."""

    def __init__(self, bootstrap_servers: str, codec: Codec) -> None:
        config = producer_config(bootstrap_servers, linger_ms=0)
        self._producer = Producer({**config, "message.timeout.ms": int(ACK_DEADLINE_S * 1000)})
        self._codec = codec

    async def publish(self, revisions: Iterable[Turn], settled: Iterable[Turn]) -> int | None:
        """Every revision to the partials, the settled ones to the turns; the offset of the last settled one."""
        receipts = Receipts()
        for turn in revisions:
            self._produce(TRANSCRIPT_PARTIALS, turn, receipts)
        for turn in settled:
            self._produce(TRANSCRIPT_TURNS, turn, receipts)
        await self._acknowledged(receipts)
        return receipts.last_offset.get(TRANSCRIPT_TURNS.name)

    async def announce(self, events: Iterable[TranscriptEvent]) -> None:
        receipts = Receipts()
        for event in events:
            self._produce(TRANSCRIPT_EVENTS, event, receipts)
        await self._acknowledged(receipts)

    async def bury(self, letter: DeadLetter) -> None:
        receipts = Receipts()
        self._producer.produce(
            letter.topic, key=letter.key, value=letter.value, headers=[*letter.headers], on_delivery=receipts.take
        )
        await self._acknowledged(receipts)

    def _produce(self, topic: Topic, record: Turn | TranscriptEvent, receipts: Receipts) -> None:
        self._producer.produce(
            topic.name,
            key=record.bot_id.encode(),
            value=self._codec.encode(topic, record),
            headers=[*record_headers(record.tenant_id, record.bot_id)],
            on_delivery=receipts.take,
        )

    async def _acknowledged(self, receipts: Receipts) -> None:
        """Wait for the broker outside the loop: librdkafka's flush blocks its thread."""
        if not len(self._producer):
            return
        unanswered = await asyncio.to_thread(self._producer.flush, ACK_DEADLINE_S + 1)
        if unanswered or receipts.refused:
            raise Unavailable(
                f"Kafka did not take {unanswered or len(receipts.refused)} records: {receipts.refused[:1]}",
                remedy="see the broker's log; `earshot topics create` if a topic is missing",
            )
