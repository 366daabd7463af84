"""A provider that hears only the bytes it is sent. Pure: what it has to say is fetched by the test.

In its audio every sample of a 20 ms unit holds one number: 0 is silence, any other is the word of that number. So a word
that was not sent is not heard, one that was sent twice is heard twice, and one that was cut is heard shorter.
"""

import itertools
from collections import deque

import numpy as np

from schemas.timebase import BYTES_PER_SAMPLE, BYTES_PER_UNIT, SAMPLES_PER_UNIT
from schemas.vocabulary import ResultKind
from stream_processors.transcription.providers.interface import (
    Capabilities,
    ProviderEvent,
    ProviderReady,
    ProviderResult,
    ProviderWord,
)
from stream_processors.transcription.routing.choice import Choice
from stream_processors.transcription.stream.commands import Close, Command, Finalize, Open, Send

CHOICES = (Choice("scripted"), Choice("spare"))
CAPABILITIES = {
    choice.provider: Capabilities(provider=choice.provider, model="runs", language="en", final_timeout_ms=30_000)
    for choice in CHOICES
}
PARTIAL_EVERY_UNITS = 20
OWN_FINAL_UNITS = 50


def speech(script: list[tuple[int, int]]) -> bytes:
    """PCM of a script of (word or 0, units)."""
    return b"".join(np.full(SAMPLES_PER_UNIT * units, word, dtype="<i2").tobytes() for word, units in script)


def words(pcm: bytes, from_sample: int) -> tuple[ProviderWord, ...]:
    """The runs of one number in `pcm`, which begins at `from_sample` of the session."""
    numbers = np.frombuffer(pcm, dtype="<i2")
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    return tuple(
        ProviderWord(f"w{numbers[start]}", from_sample + start, from_sample + end, 1.0)
        for start, end in itertools.pairwise(edges)
        if end > start and numbers[start]
    )


class ScriptedSession:
    """Hears one session's bytes; `says` what it has to say, in order. `mute` says nothing from now on.

    With `own_finals` it closes a span by itself, between two words, when it has heard one second.
    """

    def __init__(self) -> None:
        self.says: deque[ProviderEvent] = deque([ProviderReady()])
        self.mute = False
        self.own_finals = False
        self._heard = bytearray()
        self._final_to = 0
        self._partial_to = 0

    def send(self, pcm: bytes) -> None:
        self._heard += pcm
        if len(self._heard) - self._partial_to >= PARTIAL_EVERY_UNITS * BYTES_PER_UNIT:
            self._partial_to = len(self._heard)
            self._say(ResultKind.PARTIAL)
        if self.own_finals and len(self._heard) - self._final_to >= OWN_FINAL_UNITS * BYTES_PER_UNIT:
            self._close_span()

    def finalize(self) -> None:
        self._say(ResultKind.FINAL)
        self._final_to = len(self._heard)

    def _close_span(self) -> None:
        """A final up to the word under way, if any is over."""
        end = len(self._heard) // BYTES_PER_SAMPLE
        heard = words(bytes(self._heard[self._final_to :]), self._final_to // BYTES_PER_SAMPLE)
        whole = tuple(word for word in heard if word.to_sample < end)
        to_sample = heard[-1].from_sample if len(whole) < len(heard) else end
        if whole and not self.mute:
            self._final_to = to_sample * BYTES_PER_SAMPLE
            self.says.append(ProviderResult(ResultKind.FINAL, to_sample, whole))

    def _say(self, kind: ResultKind) -> None:
        heard = words(bytes(self._heard[self._final_to :]), self._final_to // BYTES_PER_SAMPLE)
        if not self.mute:
            self.says.append(ProviderResult(kind, len(self._heard) // BYTES_PER_SAMPLE, heard))


class ScriptedProvider:
    """Every provider of a worker: sessions by id, the oldest first."""

    def __init__(self) -> None:
        self.sessions: dict[str, ScriptedSession] = {}
        self.opened: list[str] = []

    def handle(self, command: Command) -> None:
        """Do what the machine of a stream asks for."""
        match command:
            case Open(provider, request):
                assert len(self.sessions) < 2, "a third session"
                self.opened.append(provider)
                self.sessions[request.session_id] = ScriptedSession()
            case Send(session_id, pcm):
                assert pcm, "a send without audio"
                self.sessions[session_id].send(pcm)
            case Finalize(session_id):
                self.sessions[session_id].finalize()
            case Close(session_id):
                del self.sessions[session_id]
            case _:
                pass

    def next_said(self) -> tuple[str, ProviderEvent] | None:
        """What the oldest session that has something to say says next."""
        for session_id, session in self.sessions.items():
            if session.says:
                return session_id, session.says.popleft()
        return None
