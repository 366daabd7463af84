"""A broker and a registry for one benchmark or one scenario, with nothing on them and nothing left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from infra.topics import create_topics, register_schemas
from schemas.settings import LocalSettings

DEADLINE_S = 180.0


@contextmanager
def own_broker(settings: LocalSettings, folder: Path) -> Iterator[dict[str, str]]:
    """With topics and schemas; where they are, as settings."""
    port, controller_port, registry_port = free_ports(3)
    kafka = Kafka(port, controller_port, settings.cache_dir)
    registry = SchemaRegistry(registry_port, kafka.bootstrap_servers, settings.cache_dir)
    services = Stack([Daemon(service, folder, die_with_us=True) for service in (kafka, registry)])
    services.up(DEADLINE_S)
    try:
        create_topics(kafka.bootstrap_servers)
        register_schemas(registry.url)
        yield {"EARSHOT_VAR_DIR": str(folder), **kafka.environment(), **registry.environment()}
    finally:
        services.down()
