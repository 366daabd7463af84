"""The operator's console commands: the local services, what is missing on this machine, and the topics."""

import signal
import sys
from types import FrameType

import click

from infra.doctor import diagnose
from infra.local.machine import Machine
from infra.local.stack import Status
from infra.topics import Broker, create_topics, register_schemas
from schemas.errors import UsageError
from schemas.settings import LOCAL_ENV_FILE, LocalSettings, Settings, load
from schemas.topics import HOUR_MS, TOPICS, Topic

__all__ = ["doctor", "down", "status", "topics", "up"]


def __getattr__(name: str) -> click.Command:
    """`demo` needs a browser's and an engine's libraries, so it is imported only when it is asked for."""
    if name != "demo":
        raise AttributeError(name)
    from infra.demo.cli import demo

    return demo


@click.command()
def up() -> None:
    """Start the local services and put topics and schemas in place.

    Kafka, the schema registry, ClickHouse, Janus and its meeting page run in the background until `earshot down`; what
    already serves is left alone. Their ports are settings (EARSHOT_KAFKA_PORT and so on); where they are is written to
    var/local/earshot.env, which every other command reads.
    """
    signal.signal(signal.SIGTERM, _leave)
    machine = Machine(load(LocalSettings))
    started = machine.up(lambda step, elapsed_s: click.echo(f"[{elapsed_s:5.1f} s] {step}"))
    click.echo(f"started: {', '.join(started)}" if started else "everything is up already")
    click.echo(f"settings: {LOCAL_ENV_FILE}")
    click.echo(f"meeting:  {machine.meeting_page.url}")


@click.command()
def down() -> None:
    """Stop the local services. What they hold stays in var/local for the next `earshot up`."""
    stopped = Machine(load(LocalSettings)).down()
    click.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@click.command()
def status() -> None:
    """Say which local services run, where, how they feel and what memory they hold; exit 1 when one does not serve."""
    found = Machine(load(LocalSettings)).status()
    click.echo(f"{'service':13} {'pid':>7} {'address':34} {'health':14} {'memory':>8}")
    for service in found:
        click.echo(_status_line(service))
    sys.exit(any(service.health != "serving" for service in found))


@click.command()
def doctor() -> None:
    """Say what is missing on this machine and how to get it; exit 1 when something is."""
    findings = diagnose(load(LocalSettings))
    for finding in findings:
        click.echo(f"{'ok     ' if finding.found else 'MISSING'} {finding.name:24} {finding.found or finding.remedy}")
    sys.exit(any(not finding.found for finding in findings))


@click.group()
def topics() -> None:
    """Create or list the topics of schemas/topics.py on the cluster of EARSHOT_KAFKA_BOOTSTRAP_SERVERS."""


@topics.command("create")
def create() -> None:
    """Create every topic, bring settings in line, register every schema. Idempotent."""
    settings = load(Settings)
    changed = create_topics(settings.kafka_bootstrap_servers)
    ids = register_schemas(settings.schema_registry_url)
    click.echo(f"topics created or brought in line: {', '.join(changed) or 'none, all are there'}")
    click.echo(f"schemas registered: {len(ids)}")


@topics.command("list")
def list_() -> None:
    """List every topic with its partitions, retention, writers and readers, and whether the cluster has it."""
    there = Broker(load(Settings).kafka_bootstrap_servers).topics()
    click.echo(f"{'topic':26} {'partitions':>10} {'retention':>9}  {'schema':22} written by → read by")
    for topic in TOPICS:
        click.echo(_topic_line(topic) + ("" if topic.name in there else "  (not on the cluster)"))
    if missing := [topic.name for topic in TOPICS if topic.name not in there]:
        raise UsageError(f"{len(missing)} topics are not on the cluster", remedy="`earshot topics create`")


def _status_line(service: Status) -> str:
    pid, memory = (str(service.pid), f"{service.memory_mb} MB") if service.pid else ("-", "-")
    return f"{service.name:13} {pid:>7} {service.addresses:34} {service.health:14} {memory:>8}"


def _topic_line(topic: Topic) -> str:
    retention = "compacted" if topic.compaction else f"{topic.retention_ms // HOUR_MS} h"
    people = f"{', '.join(topic.writers)} → {', '.join(topic.readers)}"
    return f"{topic.name:26} {topic.partitions:>10} {retention:>9}  {topic.schema or 'raw bytes':22} {people}"


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Make SIGTERM an orderly way out, so that what was half started is stopped."""
    sys.exit(128 + signal.SIGTERM)
