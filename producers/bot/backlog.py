"""What may wait in memory for a broker that is away: so many bytes of sound, then the sound is declared lost. Pure."""

import msgspec

from schemas.events import AudioChunk
from schemas.vocabulary import ChunkKind, GapCause


class Backlog:
    """Bytes on their way to Kafka. Statements without sound always pass: they are what proves the loss."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self.waiting_bytes = 0

    def admit(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk, or a gap in its place when its sound has no room."""
        if not chunk.pcm or self.waiting_bytes + len(chunk.pcm) <= self._limit_bytes:
            return chunk
        return _as_gap(chunk)

    def sent(self, size_bytes: int) -> None:
        self.waiting_bytes += size_bytes

    def settled(self, size_bytes: int) -> None:
        """Kafka has it, or never will."""
        self.waiting_bytes -= size_bytes


def _as_gap(chunk: AudioChunk) -> AudioChunk:
    return msgspec.structs.replace(chunk, kind=ChunkKind.GAP, cause=GapCause.BACKLOG_FULL, pcm=b"", level_dbfs=None)
