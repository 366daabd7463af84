"""SHELL: what the log of a run holds: words by voice, how long they took, and whether every transcript is announced."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, KafkaError, TopicPartition

from infra.chaos.transcription.judge import Voice
from infra.local.cluster import Cluster
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.events import Record, ResultEvent, SessionEvent, TranscriptEvent, Turn
from schemas.kafka_client import consumer_config
from schemas.registry import Registry
from schemas.timebase import samples_to_us
from schemas.topics import STT_RESULTS, STT_SESSIONS, TRANSCRIPT_EVENTS, TRANSCRIPT_TURNS, Topic
from schemas.vocabulary import ResultKind, TranscriptKind, TurnState

FINALS = (ResultKind.FINAL, ResultKind.END_OF_TURN)
READ_TIMEOUT_S = 20.0
R = TypeVar("R", bound=Record)


@dataclass
class Heard:
    """What one topic makes of what was said; `stall_s` is the longest a word took from its end to its final."""

    words: dict[Voice, list[str]] = field(default_factory=dict)
    stall_s: float = 0.0

    def take(self, voice: Voice, words: Iterable[str]) -> None:
        self.words.setdefault(voice, []).extend(words)


def said(script: Path) -> dict[Voice, list[str]]:
    """What `earshot synthetic --script` wrote of every voice."""
    found: dict[Voice, list[str]] = {}
    for line in script.read_text("utf-8").splitlines():
        told = json.loads(line)
        found.setdefault((told["bot_id"], told["stream_id"]), []).extend(word["text"] for word in told["words"])
    return found


class Evidence:
    """Reads whole topics, without a group."""

    def __init__(self, cluster: Cluster) -> None:
        self._servers = cluster.bootstrap_servers
        self._codec = Codec(Registry(cluster.registry_url))

    def turns(self) -> Heard:
        """The words of every settled turn, the last revision of each, by the time they begin."""
        latest: dict[str, Turn] = {}
        for turn in self._records(TRANSCRIPT_TURNS, Turn):
            if turn.state is TurnState.END_OF_TURN and turn.revision >= getattr(
                latest.get(turn.turn_id), "revision", 0
            ):
                latest[turn.turn_id] = turn
        heard = Heard()
        for turn in sorted(latest.values(), key=lambda turn: (turn.start_ms, turn.end_ms)):
            heard.take((turn.bot_id, turn.stream_id), (word.text for word in turn.words))
        return heard

    def results(self) -> Heard:
        """The words of every final as they were appended, with nothing left out: what a careless reader would see."""
        heard = Heard()
        for result in self._records(STT_RESULTS, ResultEvent):
            if result.kind not in FINALS or not result.words:
                continue
            heard.take((result.bot_id, result.stream_id), (word.text for word in result.words))
            last_us = result.epoch_started_at_us + samples_to_us(result.words[-1].to_sample)
            heard.stall_s = max(heard.stall_s, (result.produced_at_us - last_us) / 1e6)
        return heard

    def announced(self) -> set[str]:
        """Bots whose live transcript is complete."""
        found = self._records(TRANSCRIPT_EVENTS, TranscriptEvent)
        return {event.bot_id for event in found if event.kind is TranscriptKind.PROCESSED}

    def sessions(self) -> Counter[str]:
        """What happened to provider sessions."""
        return Counter(f"{event.kind}" for event in self._records(STT_SESSIONS, SessionEvent))

    def keep(self, voices: Collection[Voice], file: Path) -> None:
        """Every final and every turn of these voices, a JSON line each, for whoever has to find out what happened."""
        results = (r for r in self._records(STT_RESULTS, ResultEvent) if r.kind in FINALS)
        turns = self._records(TRANSCRIPT_TURNS, Turn)
        with file.open("wb") as lines:
            for record in chain[ResultEvent | Turn](results, turns):
                if (record.bot_id, record.stream_id) in voices:
                    lines.write(msgspec.json.encode(record) + b"\n")

    def _records(self, topic: Topic, record_type: type[R]) -> Iterator[R]:
        consumer = Consumer({**consumer_config(self._servers, f"chaos-{uuid4()}"), "enable.partition.eof": True})
        try:
            consumer.assign([TopicPartition(topic.name, number, 0) for number in range(topic.partitions)])
            left = topic.partitions
            while left:
                message = consumer.poll(READ_TIMEOUT_S)
                if message is None:
                    raise Unavailable(f"{topic.name} cannot be read", remedy="see the broker's log")
                error = message.error()
                if error is None:
                    yield self._codec.decode(topic, message.value(), record_type)
                elif error.code() == KafkaError._PARTITION_EOF:
                    left -= 1
        finally:
            consumer.close()
