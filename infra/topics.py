"""Puts the contracts on a cluster: every topic with its settings, every schema with its rule of compatibility.

Idempotent: what is there already is compared, settings are brought in line, and a partition count that differs is refused
because changing it would move keys.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, admin

from schemas.errors import Unavailable, UsageError
from schemas.registry import Registry
from schemas.topics import RECORD_TOPICS, TOPICS, Topic

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class TopicOnBroker:
    """A topic as the broker has it: partition count and the settings that differ from the broker's own."""

    name: str
    partitions: int
    config: dict[str, str]


class Broker:
    """The topics of one cluster. Every call may raise Unavailable."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._address = bootstrap_servers
        self._admin = admin.AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def topics(self) -> dict[str, TopicOnBroker]:
        """Topics by name, without Kafka's internal ones."""
        try:
            partitions = {
                name: len(topic.partitions) for name, topic in self._listed().items() if not name.startswith("__")
            }
            resources = [admin.ConfigResource(admin.ResourceType.TOPIC, name) for name in partitions]
            described = self._admin.describe_configs(resources, request_timeout=TIMEOUT_S) if resources else {}
            configs = {resource.name: answer.result(TIMEOUT_S) for resource, answer in described.items()}
        except KafkaException as error:
            raise self._away(error) from error
        return {
            name: TopicOnBroker(name, count, {key: str(entry.value) for key, entry in configs[name].items()})
            for name, count in partitions.items()
        }

    def _listed(self) -> dict[str, admin.TopicMetadata]:
        listed: dict[str, admin.TopicMetadata] = self._admin.list_topics(timeout=TIMEOUT_S).topics
        return listed

    def create(self, topics: Iterable[Topic]) -> None:
        """Create topics and wait until the broker shows them; one that somebody else has just created is fine."""
        new = [admin.NewTopic(topic.name, topic.partitions, 1, config=topic.config()) for topic in topics]
        try:
            for answer in self._admin.create_topics(new, operation_timeout=TIMEOUT_S).values() if new else ():
                answer.result(TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self._away(error) from error
        self._await({topic.topic for topic in new})

    def _await(self, names: set[str]) -> None:
        """What is created is listed a moment later."""
        deadline = time.monotonic() + TIMEOUT_S
        while not names <= {name for name, topic in self._listed().items() if topic.partitions}:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Kafka at {self._address} does not show new topics", remedy="look at the broker's log"
                )
            time.sleep(0.05)

    def configure(self, topics: Iterable[Topic]) -> None:
        """Set what schemas/topics.py says about topics that are there."""
        resources = [
            admin.ConfigResource(
                admin.ResourceType.TOPIC,
                topic.name,
                incremental_configs=[
                    admin.ConfigEntry(name, value, incremental_operation=admin.AlterConfigOpType.SET)
                    for name, value in topic.config().items()
                ],
            )
            for topic in topics
        ]
        try:
            for answer in self._admin.incremental_alter_configs(resources).values() if resources else ():
                answer.result(TIMEOUT_S)
        except KafkaException as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"Kafka at {self._address} does not answer: {error}",
            remedy="start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS",
        )


def create_topics(bootstrap_servers: str, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Make the cluster's topics what `topics` says and return the names of those created or changed."""
    broker = Broker(bootstrap_servers)
    there = broker.topics()
    missing = [topic for topic in topics if topic.name not in there]
    if missing:
        broker.create(missing)
        there = broker.topics()
    differing = [topic for topic in topics if not _agrees(topic, there[topic.name])]
    broker.configure(differing)
    return [topic.name for topic in missing + differing]


def register_schemas(registry_url: str) -> dict[str, int]:
    """Register every schema under BACKWARD_TRANSITIVE and return schema ids by topic name."""
    registry = Registry(registry_url)
    registry.demand_compatibility()
    return {topic.name: registry.register(topic) for topic in RECORD_TOPICS}


def _agrees(wanted: Topic, there: TopicOnBroker) -> bool:
    if wanted.partitions != there.partitions:
        raise UsageError(
            f"topic {wanted.name} has {there.partitions} partitions where {wanted.partitions} are wanted",
            remedy="changing it would move keys: use a fresh cluster, or copy the topic to a new one and swap names",
        )
    return all(there.config.get(name) == value for name, value in wanted.config().items())
