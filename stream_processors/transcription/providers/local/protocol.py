"""What is said between us and a decoder process, as bytes; and what a hypothesis means, as words. Pure.

A frame is one byte of kind, four bytes of length, and a body. To the decoder: begin (the speaker's cepstral mean as
text, or nothing), audio (PCM16 at 16 kHz), end. Back: partial and final, each a `Heard` in JSON. A nursery says ready
or fault.
"""

import struct
from enum import IntEnum

import msgspec

from stream_processors.transcription.providers.interface import ProviderWord

HEADER = struct.Struct(">BI")
SAMPLES_PER_FRAME = 480  # the engine's clock runs at 100 frames a second, ours at 48 kHz
FILLERS = ("<", "[", "+")


class Kind(IntEnum):
    """What a frame is."""

    BEGIN = 1
    AUDIO = 2
    END = 3
    PARTIAL = 4
    FINAL = 5
    READY = 6
    FAULT = 7


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """One word of a hypothesis in the engine's spelling; `last_frame` is included."""

    word: str
    first_frame: int
    last_frame: int
    probability: float


class Heard(msgspec.Struct, frozen=True):
    """A hypothesis over the `samples` (at 16 kHz) heard since `begin`; `cmn` only comes with a final."""

    samples: int
    segments: tuple[Segment, ...]
    cmn: str = ""


def frame(kind: Kind, body: bytes = b"") -> bytes:
    return HEADER.pack(kind, len(body)) + body


class Frames:
    """Bytes to frames, however they are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """The frames that are complete now."""
        self._rest += data
        found: list[tuple[Kind, bytes]] = []
        while len(self._rest) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._rest)
            if len(self._rest) < HEADER.size + length:
                break
            found.append((Kind(kind), self._rest[HEADER.size : HEADER.size + length]))
            self._rest = self._rest[HEADER.size + length :]
        return found


def words(heard: Heard, from_sample: int) -> tuple[ProviderWord, ...]:
    """The spoken words of a hypothesis on the session's 48 kHz clock; the utterance began at `from_sample`.

    Fillers (`<sil>`, `[NOISE]`, `++UH++`) are no words, and `read(2)` is another way to say `read`.
    """
    return tuple(
        ProviderWord(
            text=segment.word.partition("(")[0],
            from_sample=from_sample + segment.first_frame * SAMPLES_PER_FRAME,
            to_sample=from_sample + (segment.last_frame + 1) * SAMPLES_PER_FRAME,
            confidence=min(1.0, max(0.0, segment.probability)),
        )
        for segment in heard.segments
        if not segment.word.startswith(FILLERS)
    )
