"""What a local service says about itself; daemon.py runs it, stack.py runs all of them."""

from pathlib import Path
from typing import Protocol

from infra.local.ports import Port


class Service(Protocol):
    """One local service: what to run, where it answers, how to tell that it does.

    - `prepare` writes configuration below `folder` and returns the command; called before every start.
    - `ready` asks the service itself, over the wire, and answers within about a second.
    - `environment` is what other processes need to find it, by setting name; other processes read it from an env file.
    """

    @property
    def name(self) -> str: ...

    @property
    def ports(self) -> tuple[Port, ...]: ...

    def prepare(self, folder: Path) -> list[str]: ...

    def ready(self) -> bool: ...

    def environment(self) -> dict[str, str]: ...
