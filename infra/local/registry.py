"""Apicurio's schema registry, its schemas kept in Kafka, answering in Confluent's dialect."""

from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local import jvm, parts
from infra.local.ports import HOST, Port

HEAP = "-Xmx384m"


@dataclass(frozen=True)
class SchemaRegistry:
    """The registry; it may be started before Kafka is there: it waits for it."""

    port: int
    kafka_bootstrap_servers: str
    cache_dir: Path
    name: str = "registry"
    more_java: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port(self.port, "EARSHOT_REGISTRY_PORT"),)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/apis/ccompat/v7"

    def prepare(self, folder: Path) -> list[str]:
        options = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": str(self.port),
            "quarkus.banner.enabled": "false",
            "apicurio.storage.kind": "kafkasql",
            "apicurio.kafkasql.bootstrap.servers": self.kafka_bootstrap_servers,
            # at start it waits this long for a snapshot that is never there; the journal has everything
            "apicurio.kafkasql.consumer.poll.timeout": "500",
        }
        jar = parts.registry(self.cache_dir)
        settings = (f"-D{name}={value}" for name, value in options.items())
        return [*jvm.command(jar.parent, HEAP, *settings, *self.more_java), "-jar", str(jar)]

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/subjects", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def environment(self) -> dict[str, str]:
        return {"EARSHOT_SCHEMA_REGISTRY_URL": self.url, "EARSHOT_REGISTRY_PORT": str(self.port)}
