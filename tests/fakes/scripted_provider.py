"""A provider that hears only the bytes it is sent. Pure: what it has to say is fetched by the test.

In its audio every sample of a 20 ms unit holds one number: 0 is silence, any other is the word of that number. So a word
that was not sent is not heard, one that was sent twice is heard twice, and one that was cut is heard shorter.
"""

import itertools
from collections import deque

import numpy as np

from schemas.timebase import BYTES_PER_SAMPLE, BYTES_PER_UNIT, SAMPLES_PER_UNIT
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.commands import Close, Command, Finalize, Open, Send
from stream_processors.transcription.providers.interface import (
    Capabilities,
    ProviderEvent,
    ProviderFailed,
    ProviderReady,
    ProviderResult,
    ProviderWord,
)

CAPABILITIES = Capabilities(provider="scripted", model="runs", language="en", final_timeout_ms=30_000)
PARTIAL_EVERY_UNITS = 20


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


class ScriptedProvider:
    """One session at a time. `says` is what it will say next, in order."""

    def __init__(self) -> None:
        self.says: deque[ProviderEvent] = deque()
        self.sessions = 0
        self._open = False
        self._heard = b""
        self._final_to = 0
        self._partial_to = 0

    def handle(self, command: Command) -> None:
        """Do what the machine of a stream asks for."""
        match command:
            case Open():
                assert not self._open, "a second session while the first is open"
                self.sessions += 1
                self._open, self._heard, self._final_to, self._partial_to = True, b"", 0, 0
                self.says = deque([ProviderReady()])
            case Send(pcm):
                assert self._open, "audio for a session that is not open"
                self._heard += pcm
                self._partial()
            case Finalize():
                self.says.append(self._result(ResultKind.FINAL))
                self._final_to = len(self._heard)
            case Close():
                self._open = False
                self.says.clear()
            case _:
                pass

    def die(self) -> ProviderEvent | None:
        """The session breaks; what it still had to say is lost. None when there is none."""
        if not self._open:
            return None
        self.says.clear()
        return ProviderFailed(SttErrorClass.TRANSIENT, "scripted")

    def _partial(self) -> None:
        if len(self._heard) - self._partial_to >= PARTIAL_EVERY_UNITS * BYTES_PER_UNIT:
            self._partial_to = len(self._heard)
            self.says.append(self._result(ResultKind.PARTIAL))

    def _result(self, kind: ResultKind) -> ProviderResult:
        heard = words(self._heard[self._final_to :], self._final_to // BYTES_PER_SAMPLE)
        return ProviderResult(kind, len(self._heard) // BYTES_PER_SAMPLE, heard)
