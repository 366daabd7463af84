"""What a parked delivery weighs: the sink's memory before and after its only endpoint has been away for another 100,000 deliveries.

A million would take the whole run's time; what is looked at is bytes a delivery, which does not depend on how many there are.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Consumer, TopicPartition

from infra.benchmarks.webhook_stand import WebhookStand
from infra.local.cluster import own_cluster
from infra.result import Result
from schemas.errors import Unavailable
from schemas.kafka_client import consumer_config
from schemas.settings import LocalSettings
from schemas.topics import WEBHOOK_PARKED

NAME = "webhooks_memory"
BOTS, WARM_UP, PARKED = 100, 100_000, 100_000
BODY_BYTES = 1_800
MOST_BYTES = 200
DEADLINE_S = 240.0


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """The first hundred thousand fill every buffer there is; the rest shows what each further one costs."""
    with TemporaryDirectory(prefix="earshot-bench-") as name, own_cluster(settings, Path(name)) as cluster:
        stand = WebhookStand(cluster.environment, Path(name), endpoints=1, away=True)
        with stand.running() as sink:
            _send(stand, WARM_UP)
            _wait_for_parked(cluster.environment, WARM_UP)
            before = sink.memory_info().rss
            _send(stand, PARKED)
            _wait_for_parked(cluster.environment, WARM_UP + PARKED)
            after = sink.memory_info().rss
    bytes_each = round((after - before) / PARKED)
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=bytes_each <= MOST_BYTES,
        figures={
            "parked": PARKED,
            "body_bytes": BODY_BYTES,
            "bytes_per_parked": bytes_each,
            "rss_mb_before": before >> 20,
            "rss_mb_after": after >> 20,
        },
    )


def _send(stand: WebhookStand, count: int) -> None:
    for number in range(count):
        stand.send(0, f"bot_{number % BOTS}", BODY_BYTES)
    stand.flush()


def _wait_for_parked(environment: dict[str, str], count: int) -> None:
    consumer = Consumer(consumer_config(environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"], NAME))
    places = [TopicPartition(WEBHOOK_PARKED.name, partition) for partition in range(WEBHOOK_PARKED.partitions)]
    deadline_s = time.monotonic() + DEADLINE_S
    while sum(consumer.get_watermark_offsets(place, 10)[1] for place in places) < count:
        if time.monotonic() > deadline_s:
            raise Unavailable(f"not {count} deliveries are parked", remedy="see the sink's log")
        time.sleep(0.5)
    consumer.close()
