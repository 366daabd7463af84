"""From a turn on Kafka to the turn in the view, through one sink with default settings: the whole wait, batch age included."""

import statistics
import time
from threading import Thread

from confluent_kafka import KafkaError, Message, Producer

from infra.benchmarks.clickhouse_ground import DEADLINE_S, WORDS, Ground, ground, turn
from infra.result import Result
from schemas.codec import Codec
from schemas.errors import Unavailable
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import LocalSettings
from schemas.topics import TRANSCRIPT_TURNS

NAME = "clickhouse_freshness"
DATABASE = "fresh"
BOTS = 16
TURNS = 1_200
APART_S = 0.02
LOOK_EVERY_S = 0.02
BOUND_P99_MS = 1_500.0


def run(settings: LocalSettings, seed: int, command: str) -> Result:
    """Fifty turns a second from sixteen bots on all partitions; a reader looks at the view all the time."""
    with ground(settings) as place, place.sink(DATABASE):
        talk = Talk(place)
        talk.post(0)
        _seen(place, 1)
        talk.on_kafka_at_s.clear()  # the first rows of a table make its first parts: not what is measured
        talk.start()
        seen_at_s = _seen(place, TURNS + 1)
        talk.join()
    waits_ms = sorted((seen_at_s[turn_id] - at_s) * 1000 for turn_id, at_s in talk.on_kafka_at_s.items())
    p99_ms = waits_ms[int(len(waits_ms) * 0.99)]
    return Result(
        name=NAME,
        command=command,
        seed=seed,
        passed=p99_ms <= BOUND_P99_MS,
        figures={
            "turns": len(waits_ms),
            "kafka_to_view_ms_p50": round(statistics.median(waits_ms), 1),
            "kafka_to_view_ms_p99": round(p99_ms, 1),
            "kafka_to_view_ms_max": round(waits_ms[-1], 1),
            "bound_ms_p99": BOUND_P99_MS,
        },
    )


class Talk(Thread):
    """Puts turns on Kafka and notes when Kafka had each."""

    def __init__(self, place: Ground) -> None:
        super().__init__(name="talk", daemon=True)
        self._codec = Codec(Registry(place.registry_url))
        self._producer = Producer(producer_config(place.bootstrap_servers))
        self.on_kafka_at_s: dict[str, float] = {}

    def run(self) -> None:
        for number in range(1, TURNS + 1):
            self.post(number)
            time.sleep(APART_S)

    def post(self, number: int) -> None:
        """One turn, acknowledged."""
        said = turn(f"bot_{number % BOTS}", number, WORDS[:12])

        def noted(error: KafkaError | None, _: Message) -> None:
            assert error is None
            self.on_kafka_at_s[said.turn_id] = time.monotonic()

        headers: list[tuple[str, str | bytes | None]] = [*record_headers("bench", said.bot_id)]
        value = self._codec.encode(TRANSCRIPT_TURNS, said)
        self._producer.produce(
            TRANSCRIPT_TURNS.name, key=said.bot_id.encode(), value=value, headers=headers, on_delivery=noted
        )
        self._producer.flush(DEADLINE_S)


def _seen(place: Ground, count: int) -> dict[str, float]:
    """When each turn was first in an answer of the view, until there are so many."""
    seen: dict[str, float] = {}
    client, ends = place.client(), time.monotonic() + DEADLINE_S
    while len(seen) < count:
        if time.monotonic() > ends:
            raise Unavailable(f"{len(seen)} of {count} turns are in the view", remedy="see the sink's log")
        found = client.execute(f"SELECT turn_id FROM {DATABASE}.v_turns WHERE tenant_id = 'bench'")  # noqa: S608
        now_s = time.monotonic()
        for (turn_id,) in found:
            seen.setdefault(turn_id, now_s)
        time.sleep(LOOK_EVERY_S)
    client.disconnect()
    return seen
