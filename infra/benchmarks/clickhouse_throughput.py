"""Segments a second through one `earshot sink clickhouse`, against a bare clickhouse-driver insert loop of the same rows.

A segment is a settled turn of twelve words. Both are one process on one core that waits for the same server; the sink also
reads Kafka, decodes Avro, checks every value, and commits twice for each batch. Rates are of wall time, from the sink's
first committed batch to its last; the processor's share is given beside it.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psutil
from confluent_kafka import Producer

from infra.benchmarks.clickhouse_ground import DEADLINE_S, WORDS, Ground, ground, turn
from infra.result import Result
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import LocalSettings
from schemas.topics import TRANSCRIPT_TURNS

NAME = "clickhouse_throughput"
BOTS = 16
DIFFERENT = 8_000
SEGMENTS = 80_000
WORDS_EACH = 12
GOAL_RATIO, GOAL_PER_S = 0.6, 80_000
BATCHES = {1_000: "at_1k", 10_000: "at_10k"}
INSERT_SETTINGS = {"async_insert": 0, "insert_deduplicate": 1}
EPOCH_US = 1_000_000


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Preload the topic; for each batch size the sink, then the bare loop of its rows."""
    figures: dict[str, float | int | str | None] = {"segments": SEGMENTS, "words_each": WORDS_EACH}
    with ground(settings) as place:
        _preload(place, seed)
        for rows, label in BATCHES.items():
            wall_s, spent_s = _sink(place, f"sink_{label}", rows)
            bare_s, bare_spent_s = insert_bare(place, f"sink_{label}", rows)
            figures |= {
                f"segments_per_s_{label}": round(SEGMENTS / wall_s),
                f"bare_segments_per_s_{label}": round(SEGMENTS / bare_s),
                f"ratio_{label}": round(bare_s / wall_s, 3),
                f"processor_ratio_{label}": round(bare_spent_s / spent_s, 3),
            }
    ratio = figures["ratio_at_10k"]
    figures |= {"goal_segments_per_s_at_10k": GOAL_PER_S, "bound_ratio_at_10k": GOAL_RATIO}
    passed = isinstance(ratio, float) and ratio >= GOAL_RATIO
    return Result(name=NAME, command=command, seed=seed, passed=passed, figures=figures)


def _preload(place: Ground, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed that gives the same words again
    codec = Codec(Registry(place.registry_url))
    producer = Producer({**producer_config(place.bootstrap_servers), "queue.buffering.max.messages": SEGMENTS})
    values = [
        (f"bot_{number % BOTS}", codec.encode(TRANSCRIPT_TURNS, _turn(chance, number))) for number in range(DIFFERENT)
    ]
    for number in range(SEGMENTS):
        bot_id, value = values[number % DIFFERENT]
        headers: list[tuple[str, str | bytes | None]] = [*record_headers("bench", bot_id)]
        producer.produce(TRANSCRIPT_TURNS.name, key=bot_id.encode(), value=value, headers=headers)
        producer.poll(0)
    assert producer.flush(DEADLINE_S) == 0


def _turn(chance: random.Random, number: int) -> Any:
    return turn(f"bot_{number % BOTS}", number, tuple(chance.choices(WORDS, k=WORDS_EACH)))


def _sink(place: Ground, database: str, rows: int) -> tuple[float, float]:
    """Wall and processor seconds of the sink for all segments."""
    settings = {"EARSHOT_CLICKHOUSE_BATCH_ROWS": str(rows), "EARSHOT_CLICKHOUSE_BATCH_MS": "1000"}
    with place.committed(database) as committed, place.sink(database, **settings) as daemon:
        process = daemon.process()
        assert process
        begun = _reach(1, committed, process)
        ended = _reach(SEGMENTS, committed, process)
        share = (ended.done - begun.done) / SEGMENTS
        return (ended.at_s - begun.at_s) / share, (ended.spent_s - begun.spent_s) / share


@dataclass(frozen=True)
class Progress:
    """So many segments are committed at a moment, for so many processor seconds."""

    done: int
    at_s: float
    spent_s: float


def _reach(count: int, committed: Callable[[], int], process: psutil.Process) -> Progress:
    ends = time.monotonic() + DEADLINE_S
    while (done := committed()) < count:
        if time.monotonic() > ends:
            raise Unavailable(f"the sink has {done} of {count} segments", remedy="see its log")
        time.sleep(0.01)
    return Progress(done, time.monotonic(), sum(process.cpu_times()[:2]))


def insert_bare(place: Ground, database: str, rows: int) -> tuple[float, float]:
    """Wall and processor seconds of a loop that only inserts: the sink's own rows, made beforehand."""
    place.ask(f"CREATE TABLE {database}.bare AS {database}.turns")
    names = [name for name, _, computed, *_ in place.ask(f"DESCRIBE TABLE {database}.turns") if not computed]
    columns = ", ".join(f"`{name}`" for name in names)
    found = place.ask(f"SELECT {columns} FROM {database}.turns LIMIT {rows}")  # noqa: S608
    batch = [tuple(_plain(value) for value in row) for row in found]
    batch = (batch * (rows // len(batch) + 1))[:rows]
    client = place.client()
    began_s, spent_s = time.monotonic(), time.process_time()
    for number in range(SEGMENTS // rows):
        token = {**INSERT_SETTINGS, "insert_deduplication_token": f"bare-{number}"}
        client.execute(f"INSERT INTO {database}.bare ({columns}) VALUES", batch, settings=token)
    taken = time.monotonic() - began_s, time.process_time() - spent_s
    client.disconnect()
    return taken


def _plain(value: Any) -> Any:
    """A moment as the number that the column stores, as the sink sends it too."""
    return round(value.timestamp() * EPOCH_US) if isinstance(value, datetime) else value
