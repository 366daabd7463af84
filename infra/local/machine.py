"""The services of this machine as its settings describe them: what `earshot up`, `down` and `status` work on."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.local.clickhouse import ClickHouse
from infra.local.daemon import Daemon
from infra.local.janus import Janus, JanusServer
from infra.local.kafka import Kafka
from infra.local.meeting_page import MeetingPage
from infra.local.registry import SchemaRegistry
from infra.local.service import Service
from infra.local.stack import Progress, Stack, Status, silent
from infra.topics import create_topics, register_schemas
from schemas.errors import UsageError
from schemas.settings import LOCAL_ENV_FILE, LocalSettings

START_DEADLINE_S = 60.0


class Machine:
    """All services of one machine, with their files in `folder`.

    `folder`/earshot.env says where the running services are; every process reads it, so nobody has to be told.
    """

    def __init__(self, settings: LocalSettings, folder: Path = LOCAL_ENV_FILE.parent) -> None:
        self.kafka = Kafka(settings.kafka_port, settings.kafka_controller_port, settings.cache_dir)
        self.registry = SchemaRegistry(settings.registry_port, self.kafka.bootstrap_servers, settings.cache_dir)
        self.clickhouse = ClickHouse(settings.clickhouse_port, settings.clickhouse_http_port, settings.cache_dir)
        self.janus = Janus(settings.janus_port)
        self.meeting_page = MeetingPage(settings.meeting_page_port, self.janus.ws_url)
        self._folder = folder
        self._env_file = folder / LOCAL_ENV_FILE.name
        self._stack = Stack([Daemon(service, folder) for service in self.services])

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.kafka, self.registry, self.clickhouse, self.janus, self.meeting_page)

    @property
    def meeting_server(self) -> JanusServer:
        """Where meetings are held and rooms are made."""
        return JanusServer(self.meeting_page.url, self.janus.ws_url)

    def up(self, progress: Progress = silent) -> list[str]:
        """Start what does not serve, put topics and schemas in place, and return the names of what was started.

        When anything fails, whatever this call started is stopped again.
        """
        with self._alone(), ExitStack() as undo:
            self._make_way()
            began = time.monotonic()
            started = self._stack.up(START_DEADLINE_S, progress)
            undo.callback(started.down)
            self._put_contracts(began, progress)
            self._env_file.write_text(env_text(self.services), "utf-8")
            undo.pop_all()
        return started.names

    def down(self) -> list[str]:
        """Stop everything and return the names of what was running; data stays."""
        with self._alone():
            return self._down()

    def status(self) -> list[Status]:
        return self._stack.status()

    def _down(self) -> list[str]:
        self._env_file.unlink(missing_ok=True)
        return self._stack.down()

    def _make_way(self) -> None:
        """Services that run on other ports than are wanted now would not find each other: stop them first."""
        if self._env_file.is_file() and self._env_file.read_text("utf-8") != env_text(self.services):
            self._down()

    def _put_contracts(self, began: float, progress: Progress) -> None:
        created = create_topics(self.kafka.bootstrap_servers)
        progress(f"topics are there, {len(created)} new", time.monotonic() - began)
        schemas = register_schemas(self.registry.url)
        progress(f"{len(schemas)} schemas are registered", time.monotonic() - began)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` at a time; another one is told so at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another `earshot up` or `down` is at work in {self._folder}", remedy="wait until it has finished"
                ) from error
            yield


def env_text(services: tuple[Service, ...]) -> str:
    """The env file: where each service is, by setting name."""
    lines = [f"{name}={value}" for service in services for name, value in service.environment().items()]
    return "\n".join(["# written by `earshot up`, removed by `earshot down`", *lines, ""])
