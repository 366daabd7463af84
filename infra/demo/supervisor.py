"""The stages as processes, as a supervisor would run them: started together, watched, ended by SIGTERM, never restarted.

They are run by infra/local's daemon, so they die with the demo even when the demo is killed.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local.daemon import Daemon
from infra.local.ports import Port
from infra.local.stack import Stack
from schemas.errors import Unavailable

EARSHOT = str(Path(sys.executable).parent / "earshot")
GROUP_TIMEOUT_S = 2.0
STOP_GRACE_S = 20.0


@dataclass(frozen=True)
class Stage:
    """One process of the river. `serves` asks from outside whether it does its work; `keeps_log` over its restarts."""

    name: str
    command: tuple[str, ...]
    settings: Mapping[str, str]
    serves: Callable[[], bool]
    ports: tuple[Port, ...] = field(default=())
    keeps_log: bool = False

    def prepare(self, folder: Path) -> list[str]:
        if not self.keeps_log:
            (folder / "log").unlink(missing_ok=True)
        return ["env", *(f"{name}={value}" for name, value in self.settings.items()), *self.command]

    def ready(self) -> bool:
        return self.serves()

    def environment(self) -> dict[str, str]:
        return {}


class Supervisor:
    """Runs stages with their logs in `folder`/NAME/log."""

    def __init__(self, stages: Sequence[Stage], folder: Path) -> None:
        self._daemons = [Daemon(stage, folder, die_with_us=True) for stage in stages]
        self._stack = Stack(self._daemons)
        self._killed: set[str] = set()

    def start(self, deadline_s: float) -> None:
        """Start all and wait until each serves; raises Unavailable with the last words of the one that does not."""
        self._stack.up(deadline_s)

    def demand_alive(self) -> None:
        """Raise Unavailable when a stage has ended by itself: a demo that restarts it would hide the fault."""
        for daemon in self._daemons:
            if daemon.process() is None and daemon.service.name not in self._killed:
                raise Unavailable(
                    f"{daemon.service.name} ended by itself: {daemon.last_words()}",
                    remedy=f"its log is {daemon.log_file}",
                )

    def terminate(self, name: str) -> None:
        """Ask one stage to end; `stop` waits for it."""
        self._named(name).terminate()

    def kill(self, name: str) -> None:
        """SIGKILL one stage, on purpose; it stays dead."""
        self._killed.add(name)
        process = self._named(name).process()
        if process:
            process.kill()

    def _named(self, name: str) -> Daemon:
        return next(daemon for daemon in self._daemons if daemon.service.name == name)

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to whoever is there after the grace."""
        self._stack.down(STOP_GRACE_S)


class Groups:
    """Consumer groups as the broker sees them: a stage that has its partitions is ready to work."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def has_partitions(self, group_id: str) -> bool:
        """Whether some member of the group has been given partitions."""
        try:
            described = self._admin.describe_consumer_groups([group_id], request_timeout=GROUP_TIMEOUT_S)
            members = described[group_id].result(GROUP_TIMEOUT_S).members
        except (KafkaException, TimeoutError):
            return False
        return any(member.assignment and member.assignment.topic_partitions for member in members)
