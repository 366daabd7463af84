"""Real services for tests: started when a test first asks, on free ports, in temporary folders, one set per test run.

They end with the run however it ends: by the fixture's own teardown, and by the kernel when the run is killed. Several
runs may be at work on one machine. A test isolates itself by fresh bot ids, group ids, databases and rooms.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from infra.local.clickhouse import ClickHouse, ClickHouseServer
from infra.local.daemon import Daemon
from infra.local.janus import Janus, JanusServer
from infra.local.kafka import Kafka
from infra.local.meeting_page import MeetingPage
from infra.local.ports import free_ports
from infra.local.registry import SchemaRegistry
from infra.local.service import Service
from infra.local.stack import Stack
from infra.topics import create_topics, register_schemas
from schemas.settings import LocalSettings

# How long an example takes says how busy the machine is, and nothing else. `--hypothesis-profile=deep` looks longer.
settings.register_profile("earshot", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("earshot"), max_examples=2_000)
settings.load_profile("earshot")

START_DEADLINE_S = 90.0
CACHE_DIR = LocalSettings().cache_dir
StartService = Callable[[Service], Daemon]


@pytest.fixture(scope="session")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartService]:
    """Starts a service for the rest of the session, without waiting for it."""
    folder = tmp_path_factory.mktemp("services")
    started: list[Daemon] = []

    def start(service: Service) -> Daemon:
        daemon = Daemon(service, folder, die_with_us=True)
        started.append(daemon)
        daemon.start()
        return daemon

    yield start
    Stack(started).down(grace_s=3)


@pytest.fixture(scope="session")
def kafka_daemon(start_service: StartService) -> Daemon:
    """The broker's process, started and not waited for."""
    port, controller_port = free_ports(2)
    return start_service(Kafka(port, controller_port, CACHE_DIR, heap_mb=384))


@pytest.fixture(scope="session")
def registry_daemon(start_service: StartService, kafka_daemon: Daemon) -> Daemon:
    """The registry's process, started beside Kafka and not waited for."""
    kafka = kafka_daemon.service
    assert isinstance(kafka, Kafka)
    [port] = free_ports(1)
    return start_service(SchemaRegistry(port, kafka.bootstrap_servers, CACHE_DIR))


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_daemon: Daemon) -> str:
    """Address of a real Kafka that has every topic of schemas/topics.py."""
    Stack([kafka_daemon]).wait(START_DEADLINE_S)
    assert isinstance(kafka_daemon.service, Kafka)
    create_topics(kafka_daemon.service.bootstrap_servers)
    return kafka_daemon.service.bootstrap_servers


@pytest.fixture(scope="session")
def registry_url(registry_daemon: Daemon) -> str:
    """URL of a real schema registry that has every schema, under BACKWARD_TRANSITIVE."""
    Stack([registry_daemon]).wait(START_DEADLINE_S)
    assert isinstance(registry_daemon.service, SchemaRegistry)
    register_schemas(registry_daemon.service.url)
    return registry_daemon.service.url


@pytest.fixture(scope="session")
def clickhouse(start_service: StartService) -> ClickHouseServer:
    """A real ClickHouse; make a database of your own in it. One failed login ends this server: do not try."""
    port, http_port = free_ports(2)
    service = ClickHouse(port, http_port, CACHE_DIR)
    Stack([start_service(service)]).wait(START_DEADLINE_S)
    return service.server


@pytest.fixture(scope="session")
def janus(start_service: StartService) -> JanusServer:
    """A real Janus and Debian's own meeting page; make a room of your own in it."""
    janus_port, page_port = free_ports(2)
    service = Janus(janus_port)
    page = MeetingPage(page_port, service.ws_url)
    Stack([start_service(service), start_service(page)]).wait(START_DEADLINE_S)
    return JanusServer(page.url, service.ws_url)
