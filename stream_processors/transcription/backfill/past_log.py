"""SHELL: what lies on the log of one bot, read by partition and offset, without a group. Blocking: call it from a thread."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from schemas.codec import Codec
from schemas.errors import InvalidRecord, UsageError
from schemas.events import AudioChunk, BotEvent, Ledger, Record, ResultEvent
from schemas.kafka_client import reader_config
from schemas.settings import Settings
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, STT_RESULTS, Topic
from schemas.vocabulary import BotState
from stream_processors.partition_end import to_the_end
from stream_processors.transcription.backfill.coverage import StreamEpoch

log = structlog.get_logger()
EARLIER_MS = 600_000
READ_TIMEOUT_S = 30.0
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Past:
    """A bot whose meeting is over: where its records lie, and what it says it heard."""

    bot_id: str
    partition: int
    ledger: Ledger
    began_at_ms: int


@dataclass(frozen=True, slots=True)
class Found:
    """A record of the bot, and when it was appended."""

    record: AudioChunk
    appended_at_ms: int


class PastLog:
    """Reads what lies behind us; it never commits and never writes."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        config = reader_config(settings.kafka_bootstrap_servers, f"earshot-backfill-{uuid4()}")
        self._consumer = Consumer(config)
        self._codec = codec

    def past(self, bot_id: str) -> Past:
        """The bot's life. Raises UsageError for a bot the log does not know, or that has not written its ledger."""
        life = list(self._life(bot_id))
        if not life:
            raise UsageError(
                f"the log knows no bot {bot_id!r}", remedy="`earshot tail bot.events --until-end` shows those it knows"
            )
        first, last = life[0][1], life[-1][1]
        if last.state is not BotState.DONE:
            raise UsageError(
                f"bot {bot_id} is not done, it is {last.state}", remedy="transcribe it again after bot.done"
            )
        if last.ledger is None:
            raise UsageError(f"bot {bot_id} left no ledger", remedy="see the message of its last bot.events")
        began_at_us = min(first.occurred_at_us, last.recording_started_at_us or first.occurred_at_us)
        return Past(bot_id, life[0][0], last.ledger, began_at_us // 1000)

    def cursors(self, past: Past, label: str) -> dict[StreamEpoch, int]:
        """K of every stream of the bot under `label`."""
        found: dict[StreamEpoch, int] = {}
        for message in self._to_the_end(STT_RESULTS, past.partition, past.began_at_ms - EARLIER_MS):
            result = self._record(STT_RESULTS, message, past.bot_id, ResultEvent)
            if result and result.transcript_label == label:
                key = (result.stream_id, result.epoch)
                found[key] = max(result.cursor_after_sample, found.get(key, 0))
        return found

    def audio(self, past: Past, *, everything: bool = False) -> Iterator[Found]:
        """The bot's chunks in order, from shortly before it began, or from the beginning of all there is."""
        since_ms = None if everything else past.began_at_ms - EARLIER_MS
        for message in self._to_the_end(AUDIO_FRAMES, past.partition, since_ms):
            chunk = self._record(AUDIO_FRAMES, message, past.bot_id, AudioChunk)
            if chunk:
                yield Found(chunk, message.timestamp()[1])

    def close(self) -> None:
        self._consumer.close()

    def _life(self, bot_id: str) -> Iterator[tuple[int, BotEvent]]:
        """The bot's events, each with its partition: that of everything keyed by the bot."""
        listed = self._consumer.list_topics(BOT_EVENTS.name, timeout=READ_TIMEOUT_S).topics[BOT_EVENTS.name]
        for number in sorted(listed.partitions):
            for message in self._to_the_end(BOT_EVENTS, number, None):
                event = self._record(BOT_EVENTS, message, bot_id, BotEvent)
                if event:
                    yield number, event

    def _record(self, topic: Topic, message: Message, bot_id: str, record_type: type[R]) -> R | None:
        """The bot's record in `message`; None for somebody else's, or poison, which the live workers bury."""
        if message.key() != bot_id.encode():
            return None
        try:
            return self._codec.decode(topic, message.value(), record_type)
        except InvalidRecord as error:
            log.warning("record_unreadable", topic=topic.name, offset=message.offset(), error=error.message)
            return None

    def _to_the_end(self, topic: Topic, partition: int, since_ms: int | None) -> Iterator[Message]:
        """The caller may stop asking before the end."""
        start = self._start(topic, partition, since_ms)
        return to_the_end(self._consumer, topic.name, {partition: start}, READ_TIMEOUT_S)

    def _start(self, topic: Topic, partition: int, since_ms: int | None) -> int:
        if since_ms is None:
            return OFFSET_BEGINNING
        place = TopicPartition(topic.name, partition, max(0, since_ms))
        offset: int = self._consumer.offsets_for_times([place], timeout=READ_TIMEOUT_S)[0].offset
        return offset
