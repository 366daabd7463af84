"""A broker and a registry of a run's own, with topics and schemas: nothing else is read and nothing is left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from infra.topics import create_topics, register_schemas
from schemas.settings import LocalSettings

DEADLINE_S = 180.0


@dataclass(frozen=True)
class Cluster:
    """Where it is. `environment` says so to other processes."""

    kafka: Daemon
    registry: Daemon
    environment: dict[str, str]

    @property
    def bootstrap_servers(self) -> str:
        return self.environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def registry_url(self) -> str:
        return self.environment["EARSHOT_SCHEMA_REGISTRY_URL"]


@contextmanager
def own_cluster(settings: LocalSettings, folder: Path) -> Iterator[Cluster]:
    """For as long as the block lasts, on free ports, with its files in `folder`."""
    port, controller_port, registry_port = free_ports(3)
    kafka = Kafka(port, controller_port, settings.cache_dir)
    registry = SchemaRegistry(registry_port, kafka.bootstrap_servers, settings.cache_dir)
    broker, schemas = (Daemon(service, folder, die_with_us=True) for service in (kafka, registry))
    services = Stack([broker, schemas])
    services.up(DEADLINE_S)
    try:
        create_topics(kafka.bootstrap_servers)
        register_schemas(registry.url)
        yield Cluster(
            broker, schemas, {"EARSHOT_VAR_DIR": str(folder), **kafka.environment(), **registry.environment()}
        )
    finally:
        services.down()
