"""What the tests of the turns worker hold in their hands: the log, the worker as a process, and the turns it wrote."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.events import BotEvent, ParticipantEvent, Record, ResultEvent, TranscriptEvent, Turn
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.topics import (
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    STT_RESULTS,
    TRANSCRIPT_EVENTS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    Topic,
    dlq_of,
)
from tests.fakes.earshot_process import EarshotProcess
from tests.fakes.fresh_name import fresh
from tests.fakes.log_tail import LogTail
from tests.fakes.waiting import until

Input = ResultEvent | ParticipantEvent | BotEvent
TOPIC_OF: dict[type[Record], Topic] = {
    ResultEvent: STT_RESULTS,
    ParticipantEvent: MEETING_PARTICIPANTS,
    BotEvent: BOT_EVENTS,
}


class TurnsWorker(EarshotProcess):
    """`earshot turns`."""

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__(environment, "turns")

    def wait_until_ready(self) -> None:
        until(lambda: '"ready"' in self.said() or not self.running, f"ready: {self.said()[-2000:]}")
        assert self.running, self.said()


@dataclass
class TurnsBench:
    """One consumer group of a test's own on a shared Kafka and registry."""

    kafka_bootstrap: str
    registry_url: str
    folder: Path
    group: str = field(default_factory=lambda: fresh("turns"))
    workers: list[TurnsWorker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.codec = Codec(Registry(self.registry_url))
        self._producer = Producer(producer_config(self.kafka_bootstrap, linger_ms=0))
        self._tail = LogTail(self.kafka_bootstrap)

    def start(self, **changed: str) -> TurnsWorker:
        worker = TurnsWorker(
            {
                **os.environ,  # noqa: TID251 - the child's environment
                "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap,
                "EARSHOT_SCHEMA_REGISTRY_URL": self.registry_url,
                "EARSHOT_TURNS_CONSUMER_GROUP": self.group,
                "EARSHOT_VAR_DIR": str(self.folder),
                "EARSHOT_LOG_FORMAT": "json",
                **changed,
            }
        )
        self.workers.append(worker)
        return worker

    def ready(self) -> TurnsWorker:
        worker = self.start()
        worker.wait_until_ready()
        return worker

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self._tail.close()

    def say(self, *records: Input) -> None:
        for record in records:
            topic = TOPIC_OF[type(record)]
            self.say_bytes(topic, record.bot_id, self.codec.encode(topic, record))
        self._producer.flush(30)

    def say_bytes(self, topic: Topic, key: str, value: bytes | None) -> None:
        headers: list[tuple[str, str | bytes | None]] = [*record_headers("default", key)]
        self._producer.produce(topic.name, key=key.encode(), value=value, headers=headers)
        self._producer.flush(30)

    def partials(self, bot_id: str) -> list[Turn]:
        return [self.codec.decode(TRANSCRIPT_PARTIALS, v, Turn) for v in self._values(TRANSCRIPT_PARTIALS, bot_id)]

    def turns(self, bot_id: str) -> list[Turn]:
        return [self.codec.decode(TRANSCRIPT_TURNS, v, Turn) for v in self._values(TRANSCRIPT_TURNS, bot_id)]

    def processed(self, bot_id: str) -> list[TranscriptEvent]:
        values = self._values(TRANSCRIPT_EVENTS, bot_id)
        return [self.codec.decode(TRANSCRIPT_EVENTS, value, TranscriptEvent) for value in values]

    def dead_letters(self, topic: Topic, key: str) -> list[bytes | None]:
        return self._values(dlq_of(topic), key)

    def _values(self, topic: Topic, key: str) -> list[bytes | None]:
        return [message.value() for message in self._tail.under(topic, key)]


def latest(turns: list[Turn]) -> dict[str, Turn]:
    """The last revision of each turn."""
    return {turn.turn_id: turn for turn in sorted(turns, key=lambda turn: turn.revision)}


def spoken(turns: list[Turn]) -> list[str]:
    """The words of settled turns, in order of time, each turn once."""
    return [turn.text for turn in sorted(latest(turns).values(), key=lambda turn: turn.start_ms)]
