"""Archives of the classes that Kafka and the schema registry load: with one, a start costs half the processor time.

`python -m infra.local.class_archive` makes those that are missing, beside the parts: it starts both services once, in a
folder that goes again, and Java writes what they loaded when they end. Java passes over an archive that does not fit.
"""

import shutil
import tempfile
from pathlib import Path

from infra.local import parts
from infra.local.daemon import Daemon
from infra.local.jvm import archive_of
from infra.local.kafka import Kafka
from infra.local.ports import free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from schemas.settings import LocalSettings

START_S, END_S = 180.0, 120.0


def make(cache_dir: Path) -> list[Path]:
    """Make the archives that are missing, and return them."""
    kafka_part, registry_part = parts.kafka(cache_dir), parts.registry(cache_dir).parent
    wanted = [archive_of(part) for part in (kafka_part, registry_part)]
    if all(archive.exists() for archive in wanted):
        return []
    port, controller_port, registry_port = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="earshot-archive-", ignore_cleanup_errors=True) as name:
        made = [Path(name) / archive.name for archive in wanted]
        at_exit = [(f"-XX:ArchiveClassesAtExit={file}",) for file in made]
        kafka = Kafka(port, controller_port, cache_dir, more_java=at_exit[0])
        registry = SchemaRegistry(registry_port, kafka.bootstrap_servers, cache_dir, more_java=at_exit[1])
        stack = Stack([Daemon(service, Path(name), die_with_us=True) for service in (kafka, registry)])
        stack.up(START_S)
        stack.down(END_S)
        for file, archive in zip(made, wanted, strict=True):
            _settle(file, archive)
    return wanted


def _settle(made: Path, place: Path) -> None:
    """Into its place at once and whole; another clone's is as good."""
    beside = place.with_name(f".{place.name}.{made.parent.name}")
    shutil.copyfile(made, beside)
    beside.replace(place)


if __name__ == "__main__":
    make(LocalSettings().cache_dir)
