"""What a service on a WebSocket is to `socket_session.py`: a pure machine between our audio and its messages.

A room writes one `Dialogue`, which holds everything the vendor means; the session carries out its moves. Pure.
"""

from dataclasses import dataclass
from typing import Protocol

from stream_processors.transcription.providers.interface import ProviderError, ProviderResult


@dataclass(frozen=True, slots=True)
class Frame:
    """To be sent: bytes as a binary frame, a string as a text frame."""

    data: bytes | str


@dataclass(frozen=True, slots=True)
class Reopen:
    """Nothing is owed any more on the socket there is; what follows goes to a fresh one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The service said something that is not used: `reason` is a short stable word."""

    reason: str
    words: int = 0


Heard = ProviderResult | Rejected
Move = Heard | Frame | Reopen


class Dialogue(Protocol):
    """One session. All times are monotonic milliseconds; any method may raise ProviderError, and is the last one then.

    - Results follow the duties of `ProviderSession`.
    - Frames are sent in the order in which they were handed out.
    """

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        ...

    def send(self, pcm: bytes, now_ms: float) -> list[Move]:
        """Our audio, of any length."""
        ...

    def finalize(self, now_ms: float) -> list[Move]:
        """A final to the last sample sent is wanted."""
        ...

    def heard(self, text: str, now_ms: float) -> list[Heard]:
        """A message came. What must be sent because of it is sent by `tick`."""
        ...

    def tick(self, now_ms: float) -> list[Move]:
        """Do what is due."""
        ...

    def closed(self, code: int, reason: str) -> ProviderError | None:
        """The service closed the socket: what that means; None when everything was said before."""
        ...
