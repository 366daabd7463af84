"""A topic for one test on a shared broker, and what puts records, good and bad, on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from schemas.codec import Codec
from schemas.events import Record
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import BY_NAME, Topic, dlq_of
from sinks.scan import scan


@dataclass(frozen=True)
class OwnTopic:
    """A copy of a declared topic under a name of its own, with its dead-letter topic."""

    topic: Topic
    like: Topic
    settings: Settings

    def put(self, records: Sequence[Record]) -> None:
        """Encode and append, and wait for the broker."""
        codec = Codec(Registry(self.settings.schema_registry_url))
        self.put_raw([(record.bot_id, codec.encode(self.like, record)) for record in records])

    def put_raw(self, pairs: Sequence[tuple[str, bytes | None]]) -> None:
        producer = Producer(producer_config(self.settings.kafka_bootstrap_servers))
        for key, value in pairs:
            headers: list[tuple[str, str | bytes | None]] = [*record_headers("default", key)]
            producer.produce(self.topic.name, key=key, value=value, headers=headers)
        assert producer.flush(30) == 0

    def dead(self) -> list[Message]:
        """What lies on the dead-letter topic."""
        return list(scan(self.settings, dlq_of(self.topic).name))


def own_topic(settings: Settings, like: Topic) -> OwnTopic:
    """Create the topic and its dead-letter topic, and make both known by name."""
    topic = replace(like, name=f"{like.name}.{uuid4().hex[:10]}")
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, "log_level": 0})
    for created in (topic, dlq_of(topic)):
        admin.create_topics([NewTopic(created.name, created.partitions, 1)])[created.name].result(30)
        BY_NAME[created.name] = created
    return OwnTopic(topic, like, settings)
