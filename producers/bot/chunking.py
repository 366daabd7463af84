"""Spans of one stream become the records of audio.frames. Pure.

A chunk never spans a change of epoch, kind, cause or speaker. Audio and silence are at most 100 ms long, so that nobody
waits; statements that there was nothing at most a second.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from producers.bot.framing import Span
from schemas.timebase import UNIT_US, UNITS_PER_CHUNK
from schemas.vocabulary import ChunkKind

HOLE_UNITS_PER_CHUNK = 50
FULL_SCALE = 32768.0


@dataclass(frozen=True)
class Chunk:
    """One record's worth of a stream; `level_dbfs` is null where there is no audio."""

    span: Span
    speaker: str | None
    level_dbfs: float | None


def longest(kind: ChunkKind) -> int:
    """How many units a chunk of this kind may have."""
    return UNITS_PER_CHUNK if kind in (ChunkKind.AUDIO, ChunkKind.SILENCE) else HOLE_UNITS_PER_CHUNK


def level_dbfs(pcm: bytes) -> float | None:
    """RMS of the samples against full scale, in dB; null for no samples or digital silence."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    power = float(np.dot(samples, samples)) / samples.size if samples.size else 0.0
    return round(10 * float(np.log10(power / FULL_SCALE**2)), 2) if power else None


def split(span: Span) -> list[Span]:
    """A long hole in pieces no longer than a chunk."""
    most = longest(span.kind)
    borders = [*range(0, span.units, most), span.units]
    return [
        replace(span, seq=span.seq + at, units=end - at, captured_at_us=span.captured_at_us + at * UNIT_US)
        for at, end in pairwise(borders)
    ]


class Chunker:
    """Gathers the spans of one stream. `push` and `flush` give the chunks that are complete."""

    def __init__(self) -> None:
        self._open: list[Span] = []
        self._speaker: str | None = None

    def push(self, span: Span, speaker: str | None) -> list[Chunk]:
        chunks: list[Chunk] = []
        for piece in split(span):
            if not self._takes(piece, speaker):
                chunks += self.flush()
            self._open.append(piece)
            self._speaker = speaker
            if self._units() == longest(piece.kind):
                chunks += self.flush()
        return chunks

    def flush(self) -> list[Chunk]:
        """What is gathered so far, as at most one chunk."""
        if not self._open:
            return []
        pcm = b"".join(span.pcm for span in self._open)
        chunk = Chunk(replace(self._open[0], units=self._units(), pcm=pcm), self._speaker, level_dbfs(pcm))
        self._open = []
        return [chunk]

    def flush_older(self, before_us: int) -> list[Chunk]:
        """What has been waiting since before `before_us` for more of its kind."""
        return self.flush() if self._open and self._open[0].captured_at_us < before_us else []

    def _units(self) -> int:
        return sum(span.units for span in self._open)

    def _takes(self, span: Span, speaker: str | None) -> bool:
        if not self._open:
            return True
        first = self._open[0]
        alike = (first.epoch, first.kind, first.cause, self._speaker) == (span.epoch, span.kind, span.cause, speaker)
        return alike and self._units() + span.units <= longest(span.kind)
