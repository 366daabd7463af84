"""From an event on Kafka to the receiver, at 500 a second: through fan-out, journal, lanes and POST."""

import time
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from confluent_kafka import Producer

from infra.benchmarks.webhook_stand import WebhookStand
from infra.chaos.webhooks.load import bot_events, speech
from infra.local.cluster import own_cluster
from infra.result import Result
from schemas.codec import Codec
from schemas.kafka_client import producer_config
from schemas.registry import Registry
from schemas.settings import LocalSettings
from schemas.timebase import SystemClock
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS

NAME = "webhooks_latency"
BOTS, PER_S, SECONDS, WARM_UP_S = 25, 500, 20, 3
MOST_P50_MS, MOST_P99_MS = 30.0, 150.0


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Events are stamped as they are handed to the producer."""
    with TemporaryDirectory(prefix="earshot-bench-") as name, own_cluster(settings, Path(name)) as cluster:
        stand = WebhookStand(cluster.environment, Path(name), endpoints=1)
        with stand.running():
            told = _tell(cluster.environment)
            stand.wait_for(told)
            late_ms = stand.report().late_ms[0][PER_S * WARM_UP_S :]
    p50_ms, p99_ms = median(late_ms), quantiles(late_ms, n=100)[-1]
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=p50_ms <= MOST_P50_MS and p99_ms <= MOST_P99_MS,
        figures={"events_per_s": PER_S, "events": len(late_ms), "p50_ms": round(p50_ms, 1), "p99_ms": round(p99_ms, 1)},
    )


def _tell(environment: dict[str, str]) -> int:
    codec, clock = Codec(Registry(environment["EARSHOT_SCHEMA_REGISTRY_URL"])), SystemClock()
    producer = Producer(producer_config(environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"]))
    bots = [f"bot_bench_{number}" for number in range(BOTS)]
    told = 0
    for bot_id in bots:
        for event in bot_events(bot_id, clock.now_us()):
            producer.produce(BOT_EVENTS.name, key=bot_id, value=codec.encode(BOT_EVENTS, event))
            told += 1
    producer.flush(30)
    began_s = time.monotonic()
    for number in range(PER_S * SECONDS):
        time.sleep(max(0.0, number / PER_S - (time.monotonic() - began_s)))
        bot_id = bots[number % BOTS]
        event_of_call = speech(bot_id, number // BOTS, clock.now_us())
        producer.produce(MEETING_PARTICIPANTS.name, key=bot_id, value=codec.encode(MEETING_PARTICIPANTS, event_of_call))
        producer.poll(0)
        told += 1
    producer.flush(30)
    return told
