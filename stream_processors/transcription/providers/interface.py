"""What a provider is to the rest of transcription: two small protocols and the events a session gives back.

All samples here are 48 kHz samples of the audio sent on that session, counted from its first one. A room with its own
clock (seconds, frames at 100 fps) converts; which part of which stream a sample is, only the caller knows.
"""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from schemas.errors import EarshotError
from schemas.vocabulary import ResultKind, SttErrorClass


class BilledBy(StrEnum):
    """What a provider counts."""

    NOTHING = "nothing"
    AUDIO_SENT = "audio_sent"
    SESSION_OPEN = "session_open"


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour costs, in millionths of a dollar. Prices change: they come from settings, with these as defaults."""

    by: BilledBy = BilledBy.NOTHING
    micros_per_hour: int = 0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the caller must know of a provider.

    `final_timeout_ms`: how long after `finalize` the final may take before the session counts as dead.
    `pace`: seconds of audio it takes in a second, at most; audio that was kept back must not be sent faster.
    `session_limit_ms`: how long a session may be open before the provider ends it; None: for ever.
    `silent_after_ms`: of audio taken and of time without any result, after which a session counts as dead; None: it may
    say nothing before a final.
    `stuck_after_ms`: how long `send` may take nothing before the session counts as dead; None: it may wait for a place.
    """

    provider: str
    model: str
    language: str
    final_timeout_ms: int
    pace: float = math.inf
    session_limit_ms: int | None = None
    price: Price = Price()
    silent_after_ms: int | None = None
    stuck_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a session is opened for. `speaker_key` is stable for one voice, so an adapter may remember what it learned."""

    session_id: str
    speaker_key: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ProviderWord:
    """One word; `confidence` 0 to 1, None where the provider gives none."""

    text: str
    from_sample: int
    to_sample: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ProviderReady:
    """The session is open and takes audio."""


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """What the provider says about the audio up to `to_sample`.

    partial: may still change, replaces the partial before. final: will not change any more and nothing more will be
    said about audio before `to_sample`. end_of_turn: a final after which the provider sees the turn closed.
    skipped: the provider will not say anything about that audio.
    """

    kind: ResultKind
    to_sample: int
    words: tuple[ProviderWord, ...] = ()
    result_id: str = ""
    turn_key: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class ProviderFailed:
    """The session is dead; what was not final must be sent again on another one."""

    error_class: SttErrorClass
    code: str
    remedy: str = ""
    retry_after_ms: int | None = None


ProviderEvent = ProviderReady | ProviderResult | ProviderFailed


class ProviderError(EarshotError):
    """A provider refused or broke; `error_class` says what that asks of us, `retry_after_ms` when it wants to be asked."""

    def __init__(
        self,
        message: str,
        *,
        error_class: SttErrorClass,
        code: str,
        remedy: str = "",
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.error_class = error_class
        self.code = code
        self.retry_after_ms = retry_after_ms


class ProviderSession(Protocol):
    """One conversation with a provider about one voice. One caller sends, one caller reads.

    - Every duty raises ProviderError when the session is dead; it is never used again then.
    - Results come in the order of the audio; a final may reach less far than the partial before it.
    """

    async def send(self, pcm: bytes) -> None:
        """Give 48 kHz mono PCM16; waits while the provider takes no more."""
        ...

    async def finalize(self) -> None:
        """Ask for a final that reaches to the last sample sent; waits for nothing. Audio may follow."""
        ...

    def results(self) -> AsyncIterator[ProviderResult]:
        """Results as they come; ends after `close`."""
        ...

    async def close(self) -> None:
        """Let go of the session, whatever state it is in; may be called twice, never raises."""
        ...


class Provider(Protocol):
    """An engine or a service that turns speech into words.

    - `start` finds out whether the provider can work at all: it raises EarshotError with a remedy when not.
    - `open` may wait for a place; it raises ProviderError when it gets none.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    async def start(self) -> None: ...

    async def open(self, request: SessionRequest) -> ProviderSession: ...

    async def stop(self) -> None:
        """Let go of everything; sessions still open are dead."""
        ...
