"""What the machine of a stream asks its shell to do, in the order it asks."""

from dataclasses import dataclass

from schemas.events import ResultEvent, SessionEvent
from stream_processors.transcription.providers.interface import SessionRequest


@dataclass(frozen=True, slots=True)
class Open:
    """Open a provider session; what follows for it waits until it is there."""

    request: SessionRequest


@dataclass(frozen=True, slots=True)
class Send:
    """Send 48 kHz PCM16 on the open session."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Finalize:
    """Ask the open session for a final up to here."""


@dataclass(frozen=True, slots=True)
class Close:
    """Let go of the session and of what still waits for it."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Append a result to the log; `cursor` in it is only true once Kafka has it."""

    result: ResultEvent


@dataclass(frozen=True, slots=True)
class Note:
    """Append what happened to a session to the log."""

    event: SessionEvent


@dataclass(frozen=True, slots=True)
class Dropped:
    """Words were not accepted; `reason` is a label of the counter."""

    reason: str
    words: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A final came, `latency_ms` after its speech ended."""

    latency_ms: int


Command = Open | Send | Finalize | Close | Emit | Note | Dropped | Answered
