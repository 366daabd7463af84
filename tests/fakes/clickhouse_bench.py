"""What the ClickHouse tests hold in their hands: the log, the sink as a process, a database and what its views say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from confluent_kafka import Consumer, Producer, TopicPartition

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.events import Record
from schemas.kafka_client import consumer_config, producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import ClickHouseSettings
from schemas.topics import Topic, dlq_of
from sinks.clickhouse.database.migrate import migrate, migrations
from sinks.clickhouse.delivery.batch import Batch, Entry
from sinks.clickhouse.delivery.intent import Intent
from sinks.clickhouse.delivery.writer import BadRow, Writer
from sinks.clickhouse.mapping.block import block_of
from sinks.clickhouse.mapping.rows import row_of
from sinks.clickhouse.mapping.tables import MAPPER_VERSION, TABLES
from sinks.clickhouse.server.adapter import Server
from tests.fakes.earshot_process import EarshotProcess
from tests.fakes.fresh_name import fresh
from tests.fakes.log_tail import LogTail

VIEWS = (
    "v_turns",
    "v_words",
    "v_turn_revisions",
    "v_participant_events",
    "v_participants",
    "v_bot_events",
    "v_sessions",
    "v_quality",
    "v_webhook_attempts",
    "v_bots",
    "v_presence",
    "v_session_events",
    "v_provider_costs",
    "v_frames_lost",
    "v_webhook_slo",
    "v_talk_time",
    "v_meetings",
    "v_crosstalk",
    "v_monologues",
    "v_latency",
)


def batch_of(topic: Topic, offsets: Sequence[int]) -> Batch:
    """A batch of partition 0 that is named by these offsets; its records are not there."""
    entries = tuple(Entry(offset, b"", partial(RawRecord, topic.name, 0, offset, None, b"", ())) for offset in offsets)
    intent = Intent(
        first_offset=offsets[0], last_offset=offsets[-1], records=len(offsets), mapper_version=MAPPER_VERSION
    )
    return Batch((topic.name, 0), entries, intent)


def write(writer: Writer, topic: Topic, records: Sequence[Record], offsets: Sequence[int]) -> list[BadRow]:
    """The records as one batch, mapped one by one."""
    rows = [
        row_of(topic.name, record, partition=0, offset=offset) for record, offset in zip(records, offsets, strict=True)
    ]
    return writer.write(batch_of(topic, offsets), block_of(TABLES[topic.name].name, rows, offsets))


class Log:
    """Writes records, good and bad, on the real topics; reads dead letters back."""

    def __init__(self, kafka_bootstrap: str, registry_url: str) -> None:
        self.kafka_bootstrap = kafka_bootstrap
        self.registry_url = registry_url
        self._codec = Codec(Registry(registry_url))
        self._producer = Producer(producer_config(kafka_bootstrap))

    def encode(self, topic: Topic, record: Record) -> bytes:
        return self._codec.encode(topic, record)

    def post(self, posted: Iterable[tuple[Topic, Record]]) -> None:
        for topic, record in posted:
            tenant_id, bot_id = str(getattr(record, "tenant_id")), str(getattr(record, "bot_id"))  # noqa: B009
            self.post_bytes(topic, bot_id, self.encode(topic, record), tenant_id)
        self._producer.flush(30)

    def post_bytes(self, topic: Topic, key: str, value: bytes, tenant_id: str) -> None:
        headers: list[tuple[str, str | bytes | None]] = [*record_headers(tenant_id, key)]
        self._producer.produce(topic.name, key=key.encode(), value=value, headers=headers)
        self._producer.poll(0)

    def flush(self) -> None:
        self._producer.flush(30)

    def dead_letters(self, topic: Topic, key: str) -> list[tuple[bytes | None, dict[str, bytes]]]:
        """Value and headers of the dead letters of `topic` with that key."""
        tail = LogTail(self.kafka_bootstrap)
        try:
            return [(letter.value(), dict(letter.headers() or [])) for letter in tail.under(dlq_of(topic), key)]
        finally:
            tail.close()


class SinkProcess(EarshotProcess):
    """`earshot sink clickhouse`."""

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__(environment, "sink", "clickhouse")


@dataclass
class Bench:
    """One database and one consumer group of a test's own, on a shared ClickHouse and Kafka."""

    log: Log
    host: str
    port: int
    http_port: int = 0
    database: str = field(default_factory=lambda: fresh("db"))
    group: str = field(default_factory=lambda: fresh("group"))
    extra: dict[str, str] = field(default_factory=dict)
    processes: list[SinkProcess] = field(default_factory=list)

    def settings(self) -> ClickHouseSettings:
        return ClickHouseSettings(
            kafka_bootstrap_servers=self.log.kafka_bootstrap,
            schema_registry_url=self.log.registry_url,
            clickhouse_host=self.host,
            clickhouse_port=self.port,
            clickhouse_http_port=self.http_port,
            clickhouse_database=self.database,
            clickhouse_consumer_group=self.group,
        )

    def make_tables(self) -> None:
        """The database with its tables, before any sink is there."""
        server = self.server()
        migrate(server, self.database)
        server.close()

    def server(self) -> Server:
        return Server(self.settings())

    def environment(self) -> dict[str, str]:
        return {
            "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": self.log.kafka_bootstrap,
            "EARSHOT_SCHEMA_REGISTRY_URL": self.log.registry_url,
            "EARSHOT_CLICKHOUSE_HOST": self.host,
            "EARSHOT_CLICKHOUSE_PORT": str(self.port),
            "EARSHOT_CLICKHOUSE_HTTP_PORT": str(self.http_port),
            "EARSHOT_CLICKHOUSE_DATABASE": self.database,
            "EARSHOT_CLICKHOUSE_CONSUMER_GROUP": self.group,
        }

    def start_sink(self, **changes: str) -> SinkProcess:
        """The sink with these settings changed; ended with the bench if not before."""
        process = SinkProcess({**self.environment(), **self.extra, **changes})
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            process.close()

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query; the tables stand in for `{db}`."""
        server = self.server()
        try:
            return server.run(query.replace("{db}", self.database))
        finally:
            server.close()

    def number(self, query: str) -> int:
        """The one number a query gives; 0 while the tables are still being made."""
        if self.ask(f"EXISTS DATABASE {self.database}") != [(1,)] or not self.migrated():
            return 0
        return int(str(self.ask(query)[0][0]))

    def migrated(self) -> bool:
        """Whether every migration there is has been applied."""
        made = self.ask("EXISTS TABLE {db}.schema_migrations") == [(1,)]
        return made and self.ask("SELECT count() FROM {db}.schema_migrations FINAL") == [(len(migrations()),)]

    def views(self, tenant_id: str) -> dict[str, list[tuple[object, ...]]]:
        """Every view's rows of a tenant, as text and sorted: equal when not a byte differs."""
        return {
            view: self.ask(
                f"SELECT toString(tuple(*)) AS row FROM {{db}}.{view} WHERE tenant_id = '{tenant_id}' ORDER BY row"
            )
            for view in VIEWS
        }

    def lag(self, tenant_topics: Iterable[Topic]) -> int:
        """Records of the topics that the group has not committed yet."""
        consumer = Consumer(consumer_config(self.log.kafka_bootstrap, self.group))
        try:
            return sum(_lag_of(consumer, topic) for topic in tenant_topics)
        finally:
            consumer.close()


def _lag_of(consumer: Consumer, topic: Topic) -> int:
    places = [TopicPartition(topic.name, partition) for partition in range(topic.partitions)]
    lag = 0
    for place in consumer.committed(places, timeout=10):
        low, high = consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), timeout=10)
        lag += high - (place.offset if place.offset >= 0 else low)
    return lag
