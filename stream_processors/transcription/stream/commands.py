"""What the machine of a stream asks its shell to do, in the order it asks."""

from dataclasses import dataclass

from schemas.events import ResultEvent, SessionEvent
from stream_processors.transcription.providers.interface import ProviderEvent, SessionRequest


@dataclass(frozen=True, slots=True)
class Open:
    """Open a session with this provider; nothing is sent on it before it is ready."""

    provider: str
    request: SessionRequest


@dataclass(frozen=True, slots=True)
class Send:
    """Send 48 kHz PCM16 on a session."""

    session_id: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Finalize:
    """Ask a session for a final up to here."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Let go of a session and of what still waits for it."""

    session_id: str


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

    provider: str
    latency_ms: int


Command = Open | Send | Finalize | Close | Emit | Note | Dropped | Answered


@dataclass(frozen=True, slots=True)
class Done:
    """Back from the shell: the provider took what this command had for it."""

    command: Send | Finalize


SessionNews = ProviderEvent | Done
