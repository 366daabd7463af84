"""A broker, a registry, a ClickHouse and sinks of the run's own, and the hands that kill and revive them."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from infra.demo.supervisor import EARSHOT, Stage
from infra.local.clickhouse import ClickHouse
from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import HOST, free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from infra.topics import create_topics, register_schemas
from schemas.errors import Unavailable

START_S = 120.0
DISTURBED = "disturbed"
SINK_COMMAND = (EARSHOT, "sink", "clickhouse")
READER = "reader"
FIRST = "a"
USERS = """\
<clickhouse>
  <profiles><default/><only_reads><readonly>2</readonly></only_reads></profiles>
  <quotas><default/></quotas>
  <users>
    <default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
    <reader><password/><networks><ip>127.0.0.1</ip></networks><profile>only_reads</profile><quota>default</quota></reader>
  </users>
</clickhouse>
"""


@dataclass(frozen=True)
class ClickHouseWithReader(ClickHouse):
    """The server, with a second user who may not write."""

    def _library(self, folder: Path) -> list[str]:
        users, config = folder / "users.xml", folder / "config.xml"
        users.write_text(USERS, "utf-8")
        config.write_text(f"<clickhouse><users_config>{users}</users_config></clickhouse>\n", "utf-8")
        return [*super()._library(folder), f"--config-file={config}"]


class Ground:
    """Where it happens. Everything is started from the thread that made it, and dies with the process."""

    def __init__(self, folder: Path, cache_dir: Path) -> None:
        kafka_port, controller_port, registry_port, tcp_port, http_port = free_ports(5)
        self.folder = folder
        self.database = DISTURBED
        self._command: tuple[str, ...] = SINK_COMMAND
        self._kafka = Kafka(kafka_port, controller_port, cache_dir, heap_mb=384)
        self._registry = SchemaRegistry(registry_port, self._kafka.bootstrap_servers, cache_dir)
        self._clickhouse = ClickHouseWithReader(tcp_port, http_port, cache_dir)
        self.kafka, self.registry, self.clickhouse = (
            Daemon(service, folder, die_with_us=True) for service in (self._kafka, self._registry, self._clickhouse)
        )
        self.sinks: dict[str, Daemon] = {}
        self._wanted: Mapping[str, str] = {}
        self.kills = 0

    @contextlib.contextmanager
    def up(self) -> Iterator["Ground"]:
        """All services serving, with topics and schemas; nothing left running afterwards."""
        services = Stack([self.kafka, self.registry, self.clickhouse])
        services.up(START_S)
        try:
            create_topics(self.bootstrap_servers)
            register_schemas(self.registry_url)
            yield self
        finally:
            Stack([*self.sinks.values()]).down(3)
            services.down(5)

    def turn_to(self, database: str, command: tuple[str, ...]) -> None:
        """From now on the sinks are of this make, and go into this database, from the beginning of the log."""
        for name in list(self.sinks):
            self.stop_sink(name)
        self.database, self._command, self.kills = database, command, 0

    @property
    def group(self) -> str:
        """The consumer group of the sinks."""
        return f"chaos-{self.database}"

    @property
    def bootstrap_servers(self) -> str:
        return self._kafka.bootstrap_servers

    @property
    def registry_url(self) -> str:
        return self._registry.url

    @property
    def data(self) -> Path:
        """ClickHouse's files."""
        return self.folder / self._clickhouse.name / "data"

    def settings(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Settings of a sink: small batches, so that many are under way when something dies."""
        return {
            **self._kafka.environment(),
            **self._registry.environment(),
            **self._clickhouse.environment(),
            "EARSHOT_CLICKHOUSE_DATABASE": self.database,
            "EARSHOT_CLICKHOUSE_CONSUMER_GROUP": self.group,
            "EARSHOT_CLICKHOUSE_BATCH_ROWS": "60",
            "EARSHOT_CLICKHOUSE_BATCH_MS": "100",
            "EARSHOT_CLICKHOUSE_TIMEOUT_S": "2",
            "EARSHOT_STARTUP_TIMEOUT_S": "30",
            **changes,
        }

    def start_sink(self, name: str = FIRST, **changes: str) -> Daemon:
        """A sink under this name in the group: a later one of the same name has its partitions at once."""
        settings = self.settings({"EARSHOT_CLICKHOUSE_INSTANCE_ID": f"sink-{name}", **changes})
        stage = Stage(f"sink-{name}", self._command, settings, lambda: True)
        daemon = Daemon(stage, self.folder, die_with_us=True)
        daemon.start()
        self.sinks[name] = daemon
        if name == FIRST:
            self._wanted = changes
        return daemon

    def kill_sink(self, name: str = FIRST) -> None:
        """SIGKILL, wherever it is."""
        self.kills += self.sinks.pop(name).kill()

    def stop_sink(self, name: str) -> None:
        """SIGTERM, and see it out."""
        sink = self.sinks.pop(name)
        sink.terminate()
        sink.bury(30)

    def said(self, name: str = FIRST) -> str:
        """What the sink logged since it was started."""
        log = self.folder / f"sink-{name}" / "log"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def kill(self, daemon: Daemon) -> None:
        """SIGKILL a service, and start it again."""
        self.kills += daemon.kill()
        self.revive(daemon)

    def revive(self, daemon: Daemon) -> None:
        """Start a service that has ended."""
        daemon.bury()
        daemon.start()
        Stack([daemon]).wait(START_S)

    def freeze(self, daemon: Daemon, length_s: float) -> None:
        """SIGSTOP, and after a while SIGCONT."""
        process = daemon.process()
        if process:
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(length_s)
            os.kill(process.pid, signal.SIGCONT)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query. The server is revived as often as it takes.

        The local engine, unlike a whole server, ends at a connection after one whose client was killed in an insert.
        """
        for _ in range(20):
            client = Client(HOST, self._clickhouse.port, connect_timeout=5, send_receive_timeout=60)
            try:
                rows: list[tuple[Any, ...]] = client.execute(query)
                return rows
            except (EOFError, OSError) as error:
                self._mend(error)
            except Error as error:
                if error.code not in (209, 210):
                    raise
                self._mend(error)
            finally:
                client.disconnect()
        raise Unavailable("ClickHouse does not stay up", remedy=f"its log is {self.clickhouse.log_file}")

    def _mend(self, _: Exception) -> None:
        if self.clickhouse.process() is None:
            self.revive(self.clickhouse)
        time.sleep(0.2)

    def keep(self) -> None:
        """See that server and first sink are there, the sink with the settings it was last started with."""
        if self.clickhouse.process() is None:
            self.revive(self.clickhouse)
        sink = self.sinks.get(FIRST)
        if sink is None or sink.process() is None:
            self.start_sink(**self._wanted)


def python(module: str) -> tuple[str, ...]:
    """A sink of another make: for negative controls."""
    return (sys.executable, "-m", module)
