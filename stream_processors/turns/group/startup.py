"""What must be there before this process joins its group: broker, topics, registry, and the changelog. Shell."""

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, NewTopic

from schemas.errors import Unavailable, UsageError
from schemas.registry import Registry
from schemas.settings import TurnsSettings
from schemas.topics import TRANSCRIPT_EVENTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS
from stream_processors.permissions import demand_permissions
from stream_processors.turns.stage import INPUTS

OUTPUTS = (TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS, TRANSCRIPT_EVENTS)
MOST_REPLICAS = 3
KAFKA_REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"
CHANGELOG_CONFIG = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": str(16 * 1024 * 1024),
    "segment.ms": str(10 * 60 * 1000),
}


def changelog_of(group: str) -> str:
    """Where the workers of a group keep their bots' snapshots."""
    return f"{group}-bots-changelog"


def demand_services(settings: TurnsSettings, registry: Registry, changelog: str) -> None:
    """Raise Unavailable or UsageError, with the remedy, unless this process can work; make the changelog if missing."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers, "log_level": 0})
    cluster = _cluster(admin, settings)
    demand_permissions(
        admin, settings.turns_consumer_group, reads=INPUTS, writes=OUTPUTS, timeout_s=settings.startup_timeout_s
    )
    partitions = _partitions_of_inputs(cluster)
    registry.demand_answer()
    for topic in OUTPUTS:
        registry.register(topic)
    _make_changelog(admin, cluster, changelog, partitions)


def _cluster(admin: AdminClient, settings: TurnsSettings) -> ClusterMetadata:
    try:
        return admin.list_topics(timeout=settings.startup_timeout_s)
    except KafkaException as error:
        raise Unavailable(
            f"Kafka at {settings.kafka_bootstrap_servers} does not answer", remedy=KAFKA_REMEDY
        ) from error


def _partitions_of_inputs(cluster: ClusterMetadata) -> int:
    missing = [topic.name for topic in INPUTS + OUTPUTS if topic.name not in cluster.topics]
    if missing:
        raise Unavailable(f"topics are missing: {', '.join(missing)}", remedy="`earshot topics create`")
    counts = {topic.name: len(cluster.topics[topic.name].partitions) for topic in INPUTS}
    if len(set(counts.values())) > 1:
        raise UsageError(
            f"topics read together must have the same partition count, not {counts}",
            remedy="give them the same count; a bot's records must meet in one worker",
        )
    return next(iter(counts.values()))


def _make_changelog(admin: AdminClient, cluster: ClusterMetadata, name: str, partitions: int) -> None:
    existing = cluster.topics.get(name)
    if existing and len(existing.partitions) != partitions:
        raise UsageError(
            f"{name} has {len(existing.partitions)} partitions, the topics it belongs to have {partitions}",
            remedy="take another EARSHOT_TURNS_CONSUMER_GROUP, which starts anew from the log",
        )
    if existing:
        return
    replicas = min(MOST_REPLICAS, len(cluster.brokers))
    topic = NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=CHANGELOG_CONFIG)
    try:
        admin.create_topics([topic])[name].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise Unavailable(f"{name} cannot be created: {error}", remedy="see the broker's ACLs") from error
