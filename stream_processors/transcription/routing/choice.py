"""What can be chosen, and what comes of asking for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider under one credential: what fails, is throttled and is counted together."""

    provider: str
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants a session: a stream of a bot. `stream` is stable while it waits."""

    bot_id: str
    stream: str


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """Leave to open one session with `choice`; it is given back when the session is over."""

    choice: Choice
    asker: Asker
    granted_at_ms: float
    probes: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to be had now; ask again then."""

    until_ms: float
