"""Records for the sink, without end: turns with their revisions and partials, people, windows; some of it bad."""

import random
from collections.abc import Iterator
from itertools import count
from threading import Event, Thread

from confluent_kafka import Producer

from schemas import events
from schemas.codec import Codec
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.topics import AUDIO_QUALITY, MEETING_PARTICIPANTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS, Topic
from schemas.vocabulary import Attribution, ParticipantKind, ParticipantSource, TurnReason, TurnState

STARTED_AT_US = 4_102_444_800_000_000  # the year 2100: nothing of it is ever too old to keep
VIOLATION = "violates the constraint"  # a text that the run's own constraint refuses
BOTS = 24
WORDS = ("so", "the", "log", "is", "the", "product", "isn't", "it", "😀", "naïve", "'quoted'")
Posted = tuple[Topic, events.Record]


class Load(Thread):
    """Produces from `start` to `stop`, so many records a second; `posted` counts what Kafka was given."""

    def __init__(self, bootstrap_servers: str, registry_url: str, seed: int, records_per_s: float) -> None:
        super().__init__(name="load", daemon=True)
        self._codec = Codec(Registry(registry_url))
        self._producer = Producer(producer_config(bootstrap_servers))
        self._records = records(seed)
        self._chance = random.Random(seed)  # noqa: S311 - a seed that gives the same load again
        self._pause_s = 20 / records_per_s
        self._stopping = Event()
        self.posted = 0

    def run(self) -> None:
        while not self._stopping.wait(self._pause_s):
            self.post(20)

    def post(self, number: int) -> None:
        """Give Kafka the next records."""
        for _ in range(number):
            topic, record = next(self._records)
            value = self._codec.encode(topic, record)
            if self._chance.random() < 0.004:
                value = value[: len(value) // 2]  # poison: no reader will ever decode it
            self._send(topic, record, value)
        self.posted += number

    def _send(self, topic: Topic, record: events.Record, value: bytes) -> None:
        bot_id, tenant_id = str(getattr(record, "bot_id")), str(getattr(record, "tenant_id"))  # noqa: B009
        headers: list[tuple[str, str | bytes | None]] = [*record_headers(tenant_id, bot_id)]
        self._producer.produce(topic.name, key=bot_id.encode(), value=value, headers=headers)
        self._producer.poll(0)

    def stop(self) -> None:
        """Return when Kafka has everything."""
        self._stopping.set()
        if self.is_alive():
            self.join()
        assert self._producer.flush(120) == 0, "Kafka took all of the load"


def records(seed: int) -> Iterator[Posted]:
    """The load, the same for a seed: each turn as a partial, then settled, sometimes revised, sometimes said again."""
    chance = random.Random(seed)  # noqa: S311 - a seed that gives the same load again
    for number in count():
        bot = f"bot_{number % BOTS}"
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
        yield TRANSCRIPT_PARTIALS, turn(bot, number, 1, text, TurnState.PARTIAL)
        said = f"{VIOLATION} {number}" if chance.random() < 0.004 else text
        settled = turn(bot, number, 2, said, TurnState.END_OF_TURN)
        yield TRANSCRIPT_TURNS, settled
        if chance.random() < 0.3:
            yield TRANSCRIPT_TURNS, turn(bot, number, 3, text.rpartition(" ")[0] or text, TurnState.END_OF_TURN)
        if chance.random() < 0.1:
            yield TRANSCRIPT_TURNS, settled
        yield MEETING_PARTICIPANTS, participant(bot, number)
        if number % 5 == 0:
            yield AUDIO_QUALITY, window(bot, number)


def whose(bot: str, number: int) -> dict[str, object]:
    """The fields that every record has."""
    at_us = STARTED_AT_US + number * 1_000_000
    return {
        "tenant_id": "tenant",
        "bot_id": bot,
        "meeting_id": f"mtg_{bot}",
        "event_id": f"evt_{number}",
        "occurred_at_us": at_us,
        "produced_at_us": at_us + 1000,
    }


def turn(bot: str, number: int, revision: int, text: str, state: TurnState) -> events.Turn:
    """Turn `number`; an overflow for every 211th, which fits no column."""
    words = tuple(
        events.TurnWord(
            text=word,
            start_ms=number * 1000 + place * 100,
            end_ms=number * 1000 + place * 100 + 90,
            confidence=0.5,
            word_is_final=True,
        )
        for place, word in enumerate(text.split())
    )
    fields = {
        **whose(bot, number),
        "recording_started_at_us": STARTED_AT_US,
        "turn_id": f"turn_{number:08}",
        "revision": revision,
        "state": state,
        "stream_id": f"{bot}/audio",
        "epoch": 0,
        "participant_id": "janus:1",
        "attribution": Attribution.EXACT,
        "attribution_confidence": 1.0,
        "display_name": "Ada",
        "language": "en-US",
        "text": text,
        "words": words,
        "start_ms": 2**40 if number % 211 == 7 else number * 1000,
        "end_ms": number * 1000 + 100 * len(words),
        "seq_from": number * 50,
        "seq_to": number * 50 + 50,
        "provider": "local",
        "stt_session_id": "stt_1",
        "reason": TurnReason.ENDPOINT,
        "transcript_label": "live",
    }
    return events.Turn(**fields)  # type: ignore[arg-type]


def participant(bot: str, number: int) -> events.ParticipantEvent:
    """Somebody comes, goes, or is muted."""
    kinds = (ParticipantKind.JOIN, ParticipantKind.MUTE, ParticipantKind.LEAVE)
    fields = {
        **whose(bot, number),
        "sequence": number,
        "kind": kinds[number % 3],
        "participant_id": f"janus:{number % 7}",
        "source": ParticipantSource.SIGNALLING,
        "at_ms": number * 1000,
    }
    return events.ParticipantEvent(**fields)  # type: ignore[arg-type]


def window(bot: str, number: int) -> events.QualityWindow:
    """Ten seconds of a stream."""
    counts = dict.fromkeys(("duplicate", "late", "reordered", "silence", "absent", "clipped"), 0)
    fields = {
        **whose(bot, number),
        "stream_id": f"{bot}/audio",
        "epoch": 0,
        "window_ms": number * 10_000,
        "window_length_ms": 10_000,
        "revision": 1,
        "units_expected": 500,
        "units_received": 490,
        "units_gap": {"network": 10},
        "drift_ppm": 1.5,
        **{f"units_{kind}": value for kind, value in counts.items()},
    }
    return events.QualityWindow(**fields)  # type: ignore[arg-type]
