"""Apache Kafka, one broker that is its own controller (KRaft), from the jars its project publishes."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local import jvm, parts
from infra.local.ports import HOST, Port, answers

CLUSTER_ID = "ZWFyc2hvdC1sb2NhbC0wMQ"  # fixed: the data folder is what tells two clusters apart
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BROKER://{host}:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=1000
metadata.max.idle.interval.ms=0
broker.session.timeout.ms=4000
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
"""
LOGGING = """\
<Configuration status="WARN">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c)%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


def server_properties(port: int, controller_port: int, data: Path) -> str:
    """The broker's configuration: everything replicated once, no topics by accident.

    Groups start at once, and a broker that was killed may come back after 4 s (its old session has to end first).
    """
    return PROPERTIES.format(host=HOST, port=port, controller_port=controller_port, data=data)


@dataclass(frozen=True)
class Kafka:
    """The broker; records survive a stop, and the ports may differ at the next start.

    `more`: lines of its configuration; `more_java`: options of its Java.
    """

    port: int
    controller_port: int
    cache_dir: Path
    heap_mb: int = 512
    name: str = "kafka"
    more: tuple[str, ...] = ()
    more_java: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port(self.port, "EARSHOT_KAFKA_PORT"),
            Port(self.controller_port, "EARSHOT_KAFKA_CONTROLLER_PORT"),
        )

    @property
    def bootstrap_servers(self) -> str:
        return f"{HOST}:{self.port}"

    def prepare(self, folder: Path) -> list[str]:
        properties, data = folder / "server.properties", folder / "data"
        lines = server_properties(self.port, self.controller_port, data) + "".join(f"{line}\n" for line in self.more)
        properties.write_text(lines, "utf-8")
        (folder / "log4j2.xml").write_text(LOGGING, "utf-8")
        logging = f"-Dlog4j2.configurationFile={folder / 'log4j2.xml'}"
        run = self._java(logging, *self.more_java, run="kafka.Kafka", arguments=(str(properties),))
        if (data / "meta.properties").exists():
            return run
        storage = ("format", "-t", CLUSTER_ID, "-c", str(properties))
        first = self._java(logging, run="kafka.tools.StorageTool", arguments=storage)
        return ["sh", "-c", f"{shlex.join(first)} && exec {shlex.join(run)}"]

    def ready(self) -> bool:
        if not answers(self.port):
            return False
        try:
            AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0}).list_topics(timeout=2)
        except KafkaException:
            return False
        return True

    def environment(self) -> dict[str, str]:
        return {
            "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            **{port.setting: str(port.number) for port in self.ports},
        }

    def _java(self, *options: str, run: str, arguments: tuple[str, ...]) -> list[str]:
        part = parts.kafka(self.cache_dir)
        memory = ("-Xms128m", f"-Xmx{self.heap_mb}m")
        return [*jvm.command(part, *memory, *options), "-cp", f"{part}/*", run, *arguments]
