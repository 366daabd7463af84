"""Where the turns go: records onto our topics, each acknowledged by Kafka before anything is built on it. Shell."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, Producer

from schemas.answers import Answers
from schemas.codec import Codec
from schemas.dead_letter import DeadLetter
from schemas.errors import Unavailable
from schemas.events import TranscriptEvent, Turn
from schemas.kafka_client import Headers, producer_config, record_headers
from schemas.telemetry import RECORDS_WRITTEN
from schemas.topics import TRANSCRIPT_EVENTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS, Topic

ACK_DEADLINE_S = 20.0
BY_KEY = -1
STAGE = "turns"


@dataclass
class Receipts:
    """What the broker says of records that belong together: `heard` when of all of them."""

    expected: int = 0
    last_offset: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, error: KafkaError | None, message: Message) -> None:
        topic, offset = message.topic(), message.offset()
        if error is not None or topic is None or offset is None:
            self.refused.append(f"{topic}: {error}")
        else:
            RECORDS_WRITTEN.labels(STAGE, topic).inc()
            self.last_offset[topic] = offset
        self.expected -= 1
        if not self.expected:
            self.heard.set()


class Outlet:
    """Encodes and produces. Every method returns once the broker has it all, and raises Unavailable if it will not.

    Several may wait at the same time: the broker's answers come to them together.
    """

    def __init__(self, bootstrap_servers: str, codec: Codec) -> None:
        config = producer_config(bootstrap_servers, linger_ms=0)
        self._producer = Producer({**config, "message.timeout.ms": int(ACK_DEADLINE_S * 1000)})
        self._answers = Answers(self._producer)
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

    async def store(self, topic: str, partition: int, key: bytes, value: bytes) -> None:
        """One record as it is, where it belongs."""
        receipts = Receipts()
        self._append(topic, key, value, [], receipts, partition)
        await self._acknowledged(receipts)

    async def drained(self, timeout_s: float) -> None:
        """Until nothing is on its way any more, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._answers.all_heard()

    async def bury(self, letter: DeadLetter) -> None:
        receipts = Receipts()
        self._append(letter.topic, letter.key, letter.value, letter.headers, receipts)
        await self._acknowledged(receipts)

    def _produce(self, topic: Topic, record: Turn | TranscriptEvent, receipts: Receipts) -> None:
        headers = record_headers(record.tenant_id, record.bot_id)
        self._append(topic.name, record.bot_id.encode(), self._codec.encode(topic, record), headers, receipts)

    def _append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        receipts: Receipts,
        partition: int = BY_KEY,
    ) -> None:
        try:
            self._producer.produce(
                topic, key=key, value=value, headers=[*headers], partition=partition, on_delivery=receipts.take
            )
        except BufferError as error:
            raise Unavailable("too much waits for Kafka already", remedy="see the broker's log") from error
        receipts.expected += 1
        self._answers.due()

    async def _acknowledged(self, receipts: Receipts) -> None:
        if not receipts.expected:
            return
        try:
            async with asyncio.timeout(ACK_DEADLINE_S + 1):
                await receipts.heard.wait()
        except TimeoutError as error:
            raise Unavailable(f"Kafka said nothing of {receipts.expected} records", remedy="see its log") from error
        if receipts.refused:
            raise Unavailable(
                f"Kafka did not take {len(receipts.refused)} records: {receipts.refused[:1]}",
                remedy="see the broker's log; `earshot topics create` if a topic is missing",
            )
