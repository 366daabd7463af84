"""People who never heard of Earshot read its topics: Confluent's Python deserialiser, and kafkajs in Node, unchanged."""

import json
import re
import subprocess
import sys
import warnings
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.parts import node_modules
from schemas.codec import Codec
from schemas.events import AudioChunk, Record, Turn
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import LocalSettings
from schemas.topics import AUDIO_FRAMES, PARTITIONS, TRANSCRIPT_TURNS, Topic
from sinks.bot_log import partition_of
from tests.contracts.golden import goldens

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext

pytestmark = pytest.mark.integration
README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
NODE_DIR = Path(__file__).parent / "node"
KEYS = [f"bot_{number:016x}" for number in range(0, 200 * 7919, 7919)]
Published = Callable[[Topic, list[Record]], str]


@pytest.fixture
def published(kafka_bootstrap: str, registry_url: str) -> Published:
    """Puts records, encoded for their topic, on a topic of their own with the same partitions, and returns its name."""

    def publish(topic: Topic, records: list[Record]) -> str:
        name = f"{topic.name}.stock-{uuid4().hex[:8]}"
        create(kafka_bootstrap, name)
        codec, producer = Codec(Registry(registry_url)), Producer(producer_config(kafka_bootstrap))
        for record in records:
            headers: list[Any] = [*record_headers(record.tenant_id, record.bot_id)]
            producer.produce(name, key=record.bot_id, value=codec.encode(topic, record), headers=headers)
        assert producer.flush(30) == 0
        return name

    return publish


def create(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)


def examples(schema: str) -> list[Any]:
    return [golden.record() for golden in goldens() if golden.schema == schema]


def node(script: str, *arguments: str, text: str | None = None) -> list[Any]:
    """The JSON lines a Node script prints."""
    modules = node_modules(LocalSettings().cache_dir)
    done = subprocess.run(
        ["node", str(NODE_DIR / script), *arguments],
        input=text,
        env={"NODE_PATH": str(modules), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def consumed(bootstrap: str, topic: str, count: int) -> list[Any]:
    """`count` messages of `topic` by a consumer set up as in Confluent's manual."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": f"stock-{uuid4()}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        return consumer.consume(count, timeout=30)
    finally:
        consumer.close()


def as_node_shows(record: Record) -> dict[str, Any]:
    """A record as JSON in Node, where bytes are a Buffer."""
    plain = msgspec.to_builtins(record, builtin_types=(bytes,))
    shown: dict[str, Any] = json.loads(json.dumps(plain, default=lambda b: {"type": "Buffer", "data": list(b)}))
    return shown


@pytest.mark.parametrize(("topic", "schema"), [(AUDIO_FRAMES, "audio_chunk.v1"), (TRANSCRIPT_TURNS, "turn.v1")])
def test_confluent_s_python_deserialiser_reads_our_records(
    kafka_bootstrap: str, registry_url: str, published: Published, topic: Topic, schema: str
) -> None:
    """Without a schema of ours at hand it finds every field, by the id on the wire."""
    records = examples(schema)
    name = published(topic, records)
    with SchemaRegistryClient({"url": registry_url}) as registry:
        deserialise, context = AvroDeserializer(registry), SerializationContext(name, MessageField.VALUE)
        found = [deserialise(message.value(), context) for message in consumed(kafka_bootstrap, name, len(records))]
    for value, record in zip(found, records, strict=True):
        plain = msgspec.to_builtins(record, builtin_types=(bytes,))
        assert {field: value[field] for field in ("bot_id", "stream_id", "epoch")} == {
            field: plain[field] for field in ("bot_id", "stream_id", "epoch")
        }
        assert value.keys() == plain.keys()
    if schema == "audio_chunk.v1":
        assert [b64encode(value["pcm"]) for value in found] == [b64encode(record.pcm) for record in records]
    else:
        assert [value["words"][0]["text"] for value in found] == [record.words[0].text for record in records]


@pytest.mark.parametrize(("topic", "schema"), [(AUDIO_FRAMES, "audio_chunk.v1"), (TRANSCRIPT_TURNS, "turn.v1")])
def test_stock_node_reads_our_records(
    kafka_bootstrap: str, registry_url: str, published: Published, topic: Topic, schema: str
) -> None:
    """kafkajs and @kafkajs/confluent-schema-registry decode every field, and see key, headers and partition."""
    records = examples(schema)
    name = published(topic, records)
    found = node("read_topic.js", kafka_bootstrap, registry_url, name, str(len(records)))
    assert [line["record"] for line in found] == [as_node_shows(record) for record in records]
    bot_id = records[0].bot_id
    assert {line["key"] for line in found} == {bot_id}
    assert {line["partition"] for line in found} == {partition_of(bot_id, PARTITIONS)}
    assert {line["headers"]["tenant_id"] for line in found} == {"default"}
    assert all(line["headers"]["traceparent"].startswith("00-") for line in found)


def partitions_picked(bootstrap: str, config: dict[str, Any]) -> list[int]:
    """Where a producer with `config` puts each of KEYS."""
    topic = f"partition-probe-{uuid4().hex[:8]}"
    create(bootstrap, topic)
    picked: dict[str, int] = {}
    producer = Producer(config)
    for key in KEYS:
        producer.produce(
            topic, key=key, value=b"", on_delivery=lambda _, m: picked.__setitem__(m.key().decode(), m.partition())
        )
    assert producer.flush(30) == 0
    return [picked[key] for key in KEYS]


def test_every_client_puts_a_bot_in_the_same_partition(kafka_bootstrap: str) -> None:
    """Our producers, our readers' arithmetic and Java's murmur2 as kafkajs has it agree on all of 200 keys."""
    ours = [partition_of(key, PARTITIONS) for key in KEYS]
    assert partitions_picked(kafka_bootstrap, producer_config(kafka_bootstrap)) == ours
    assert node("partitions.js", str(PARTITIONS), text="\n".join(KEYS)) == ours
    assert set(ours) == set(range(PARTITIONS))


def test_librdkafka_s_own_partitioner_would_not(kafka_bootstrap: str) -> None:
    """The check above can fail: left to itself, confluent-kafka puts most keys elsewhere."""
    theirs = partitions_picked(kafka_bootstrap, {"bootstrap.servers": kafka_bootstrap})
    agreeing = sum(a == partition_of(key, PARTITIONS) for a, key in zip(theirs, KEYS, strict=True))
    assert agreeing < len(KEYS) / 2


def test_the_record_types_are_those_the_examples_claim() -> None:
    """The examples above are records of the two topics read."""
    assert AUDIO_FRAMES.record is AudioChunk
    assert TRANSCRIPT_TURNS.record is Turn


def snippet(of: str) -> str:
    """The README's Python that has `of` in it."""
    [found] = [text for text in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if of in text]
    return str(found)


def test_the_readmes_consumer_reads_turns(kafka_bootstrap: str, registry_url: str, published: Published) -> None:
    """What a newcomer types prints who said what."""
    turns: list[Turn] = examples(TRANSCRIPT_TURNS.schema)
    topic = published(TRANSCRIPT_TURNS, [*turns])
    typed = snippet("AvroDeserializer").replace(TRANSCRIPT_TURNS.name, topic)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", typed],
        env={"EARSHOT_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "EARSHOT_SCHEMA_REGISTRY_URL": registry_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(f"{t.start_ms} {t.display_name} {t.text}" for t in turns)


def test_the_readmes_receiver_is_python() -> None:
    """What it does is tested with the demo's receiver, which does the same."""
    compile(snippet("standardwebhooks"), "README.md", "exec")
