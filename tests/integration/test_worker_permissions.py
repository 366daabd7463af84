"""A broker with ACLs that lets a worker connect, and no more: it ends at once and says what it may not do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from infra.local.kafka import Kafka
from infra.local.ports import free_ports
from infra.local.stack import Stack
from infra.topics import create_topics
from schemas.errors import Unavailable
from schemas.settings import Settings
from schemas.topics import AUDIO_FRAMES, STT_RESULTS, TRANSCRIPT_TURNS, Topic
from sinks.log_reader import LogReader
from tests.conftest import CACHE_DIR, START_DEADLINE_S, StartService
from tests.fakes.fresh_name import fresh
from tests.fakes.transcribe_bench import TranscribeBench
from tests.fakes.turns_bench import TurnsBench
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
EVERYBODY = ("User:ANONYMOUS", "*")
ACLS = (
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found=true",
)
DESCRIBE, READ, WRITE = AclOperation.DESCRIBE, AclOperation.READ, AclOperation.WRITE


class Acls:
    """The broker's ACLs. What has none is open to everybody."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.admin = AdminClient({"bootstrap.servers": bootstrap_servers})

    @contextmanager
    def only(self, kind: ResourceType, name: str, *operations: AclOperation) -> Iterator[None]:
        """For the time being nothing but these operations is allowed."""
        literal, allow = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
        acls = [AclBinding(kind, name, literal, *EVERYBODY, each, allow) for each in operations]
        for made in self.admin.create_acls(acls).values():
            made.result(10)
        until(lambda: len(self._found(kind, name)) == len(acls), "the ACLs are known")
        try:
            yield
        finally:
            [gone] = self.admin.delete_acls([self._filter(kind, name)]).values()
            gone.result(10)
            until(lambda: not self._found(kind, name), "the ACLs are gone")

    def _found(self, kind: ResourceType, name: str) -> list[AclBinding]:
        return self.admin.describe_acls(self._filter(kind, name)).result(10)

    def _filter(self, kind: ResourceType, name: str) -> AclBindingFilter:
        literal = ResourcePatternType.LITERAL
        return AclBindingFilter(kind, name, literal, None, None, AclOperation.ANY, AclPermissionType.ANY)


@pytest.fixture(scope="module")
def acls(start_service: StartService) -> Acls:
    """A broker of its own, with an authorizer and every topic."""
    port, controller_port = free_ports(2)
    kafka = Kafka(port, controller_port, CACHE_DIR, heap_mb=256, name="kafka-with-acls", more=ACLS)
    Stack([start_service(kafka)]).wait(START_DEADLINE_S)
    create_topics(kafka.bootstrap_servers)
    return Acls(kafka.bootstrap_servers)


@pytest.fixture
def transcribe(acls: Acls, registry_url: str) -> Iterator[TranscribeBench]:
    bench = TranscribeBench(acls.bootstrap_servers, registry_url)
    yield bench
    bench.close()


@pytest.fixture
def turns(acls: Acls, registry_url: str, tmp_path: Path) -> Iterator[TurnsBench]:
    bench = TurnsBench(acls.bootstrap_servers, registry_url, tmp_path)
    yield bench
    bench.close()


def assert_refused(code: int, said: str, *named: str) -> None:
    """It ended with the code of something unavailable, and said all of `named`."""
    assert code == 3
    assert all(each in said for each in named), said[-2000:]


def poll_for(reader: LogReader, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        reader.poll(1)


@pytest.mark.parametrize(("topic", "operation"), [(AUDIO_FRAMES, READ), (STT_RESULTS, READ), (STT_RESULTS, WRITE)])
def test_transcribe_may_not_use_a_topic(
    acls: Acls, transcribe: TranscribeBench, topic: Topic, operation: AclOperation
) -> None:
    """Topic, group and remedy are named, and the process ends instead of waiting for records that never come."""
    group = transcribe.environment["EARSHOT_CONSUMER_GROUP"]
    left = WRITE if operation is READ else READ
    with acls.only(ResourceType.TOPIC, topic.name, DESCRIBE, left):
        worker = transcribe.start()
        code = worker.process.wait(60)
    assert_refused(
        code, worker.said(), f"may not {operation.name.lower()} topic {topic.name}", group, "kafka-acls --add"
    )


def test_transcribe_may_not_join_its_group(acls: Acls, transcribe: TranscribeBench) -> None:
    """The same for the group."""
    group = transcribe.environment["EARSHOT_CONSUMER_GROUP"]
    with acls.only(ResourceType.GROUP, group, DESCRIBE):
        worker = transcribe.start()
        code = worker.process.wait(60)
    assert_refused(code, worker.said(), f"as group {group} it may not join", f"--group {group}")


@pytest.mark.parametrize(("topic", "operation"), [(STT_RESULTS, READ), (TRANSCRIPT_TURNS, WRITE)])
def test_turns_may_not_use_a_topic(acls: Acls, turns: TurnsBench, topic: Topic, operation: AclOperation) -> None:
    """Topic, group and remedy are named."""
    left = WRITE if operation is READ else READ
    with acls.only(ResourceType.TOPIC, topic.name, DESCRIBE, left):
        worker = turns.start()
        code = worker.wait(60)
    assert_refused(
        code, worker.said(), f"may not {operation.name.lower()} topic {topic.name}", turns.group, "kafka-acls"
    )


def test_turns_may_not_join_its_group(acls: Acls, turns: TurnsBench) -> None:
    """The same for the group."""
    with acls.only(ResourceType.GROUP, turns.group, DESCRIBE):
        worker = turns.start()
        code = worker.wait(60)
    assert_refused(code, worker.said(), f"as group {turns.group} it may not join", f"--group {turns.group}")


def test_what_is_not_even_visible_is_not_called_missing(acls: Acls, turns: TurnsBench) -> None:
    """A topic one may not describe is left out of the broker's list; that is no reason to create it."""
    with acls.only(ResourceType.TOPIC, STT_RESULTS.name, WRITE):
        worker = turns.start()
        code = worker.wait(60)
    assert_refused(code, worker.said(), f"may not read topic {STT_RESULTS.name}")
    assert "missing" not in worker.said()


def test_with_the_permission_it_works(acls: Acls, turns: TurnsBench) -> None:
    """Negative control: the same worker on the same broker starts when nothing is forbidden."""
    assert turns.ready().end() == 0


def test_a_sink_says_so_when_it_reads(acls: Acls, registry_url: str) -> None:
    """The sinks' reader raises at its first poll, naming the topic."""
    settings = Settings(kafka_bootstrap_servers=acls.bootstrap_servers, schema_registry_url=registry_url)
    with acls.only(ResourceType.TOPIC, TRANSCRIPT_TURNS.name, DESCRIBE):
        reader = LogReader(settings, group_id=fresh("sink"), topics=[TRANSCRIPT_TURNS], stage="sink")
        try:
            with pytest.raises(Unavailable) as refusal:
                poll_for(reader, 60)
        finally:
            reader.close()
    assert TRANSCRIPT_TURNS.name in refusal.value.message
    assert "ACL" in refusal.value.remedy
