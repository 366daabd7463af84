"""A broker, a registry and a ClickHouse for one benchmark, with a sink to measure; nothing of it stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clickhouse_driver import Client
from confluent_kafka import Consumer, TopicPartition

from infra.demo.supervisor import EARSHOT, Groups, Stage
from infra.local.clickhouse import ClickHouse
from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import HOST, free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from infra.topics import create_topics, register_schemas
from schemas.events import Turn, TurnWord
from schemas.kafka_client import consumer_config
from schemas.settings import LocalSettings
from schemas.topics import TRANSCRIPT_TURNS
from schemas.vocabulary import Attribution, TurnReason, TurnState

DEADLINE_S = 180.0
STARTED_AT_US = 4_102_444_800_000_000  # the year 2100: nothing of it is ever too old to keep
WORDS = tuple(f"word{number}" for number in range(3_000))


@dataclass(frozen=True)
class Ground:
    """Where the services are, and a folder for the run."""

    bootstrap_servers: str
    registry_url: str
    clickhouse_port: int
    environment: dict[str, str]
    folder: Path

    def client(self) -> Client:
        return Client(HOST, self.clickhouse_port)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of one query, on a connection of its own."""
        client = self.client()
        try:
            rows: list[tuple[Any, ...]] = client.execute(query)
            return rows
        finally:
            client.disconnect()

    @contextmanager
    def sink(self, database: str, **settings: str) -> Iterator[Daemon]:
        """`earshot sink clickhouse` into that database, with partitions, until the block ends."""
        groups, group = Groups(self.bootstrap_servers), f"bench-{database}"
        own = {"EARSHOT_CLICKHOUSE_DATABASE": database, "EARSHOT_CLICKHOUSE_CONSUMER_GROUP": group}
        stage = Stage(
            f"sink-{database}",
            (EARSHOT, "sink", "clickhouse"),
            {**self.environment, **own, **settings},
            lambda: groups.has_partitions(group),
        )
        daemon = Daemon(stage, self.folder, die_with_us=True)
        running = Stack([daemon])
        running.up(DEADLINE_S)
        try:
            yield daemon
        finally:
            running.down()

    @contextmanager
    def committed(self, database: str) -> Iterator[Callable[[], int]]:
        """Asks how many turns the sink of that database has committed."""
        consumer = Consumer(consumer_config(self.bootstrap_servers, f"bench-{database}"))
        places = [TopicPartition(TRANSCRIPT_TURNS.name, number) for number in range(TRANSCRIPT_TURNS.partitions)]
        try:
            yield lambda: sum(max(0, place.offset) for place in consumer.committed(places, timeout=10))
        finally:
            consumer.close()


@contextmanager
def ground(settings: LocalSettings) -> Iterator[Ground]:
    """Services with topics and schemas, for as long as the benchmark runs."""
    kafka_port, controller_port, registry_port, tcp_port, http_port = free_ports(5)
    kafka = Kafka(kafka_port, controller_port, settings.cache_dir)
    registry = SchemaRegistry(registry_port, kafka.bootstrap_servers, settings.cache_dir)
    clickhouse = ClickHouse(tcp_port, http_port, settings.cache_dir)
    with TemporaryDirectory(prefix="earshot-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        services = Stack([Daemon(service, folder, die_with_us=True) for service in (kafka, registry, clickhouse)])
        services.up(DEADLINE_S)
        try:
            create_topics(kafka.bootstrap_servers)
            register_schemas(registry.url)
            environment = {
                "EARSHOT_VAR_DIR": str(folder),
                **kafka.environment(),
                **registry.environment(),
                **clickhouse.environment(),
            }
            yield Ground(kafka.bootstrap_servers, registry.url, tcp_port, environment, folder)
        finally:
            services.down()


def turn(bot_id: str, number: int, words: tuple[str, ...]) -> Turn:
    """A settled turn of these words, at second `number` of the meeting."""
    start_ms = number * 1000
    said = tuple(
        TurnWord(
            text=word,
            start_ms=start_ms + place * 80,
            end_ms=start_ms + place * 80 + 70,
            confidence=0.93,
            word_is_final=True,
        )
        for place, word in enumerate(words)
    )
    return Turn(
        tenant_id="bench",
        bot_id=bot_id,
        meeting_id=f"mtg_{bot_id}",
        event_id=f"evt_{bot_id}_{number}",
        occurred_at_us=STARTED_AT_US + start_ms * 1000,
        produced_at_us=STARTED_AT_US + start_ms * 1000,
        recording_started_at_us=STARTED_AT_US,
        turn_id=f"turn_{bot_id}_{number:08}",
        revision=1,
        state=TurnState.END_OF_TURN,
        stream_id=f"{bot_id}/audio",
        epoch=0,
        participant_id=f"person_{number % 5}",
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        display_name=f"Person {number % 5}",
        language="en-US",
        text=" ".join(words),
        words=said,
        start_ms=start_ms,
        end_ms=start_ms + 1000,
        seq_from=number * 50,
        seq_to=number * 50 + 50,
        provider="local",
        stt_session_id="stt_1",
        reason=TurnReason.ENDPOINT,
        transcript_label="live",
    )
