"""What may wait for a broker that is away: so much in memory, then so much on disk, then sound is declared lost. Pure."""

import msgspec

from schemas.events import AudioChunk
from schemas.vocabulary import ChunkKind, GapCause


class Backlog:
    """Bytes on their way to Kafka. Statements without sound always pass: they are what proves the loss."""

    def __init__(self, memory_bytes: int, disk_bytes: int = 0) -> None:
        self.waiting_bytes = 0
        self.spooled_bytes = 0
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes

    @property
    def busy(self) -> bool:
        """Whether a sender that can wait had better wait."""
        return bool(self.spooled_bytes) or self.waiting_bytes > self._memory_bytes // 2

    def admit(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk, or a gap in its place when its sound has no room."""
        size_bytes = len(chunk.pcm)
        room = not self.spools(size_bytes) or self.spooled_bytes + size_bytes <= self._disk_bytes
        return chunk if not chunk.pcm or room else _as_gap(chunk)

    def spools(self, size_bytes: int) -> bool:
        """Whether the next record goes to the disk: memory is full, or records before it are there still."""
        return bool(self.spooled_bytes) or self.waiting_bytes + size_bytes > self._memory_bytes

    def refills(self) -> bool:
        """Whether records from the disk may go on to Kafka now."""
        return bool(self.spooled_bytes) and self.waiting_bytes <= self._memory_bytes // 2

    def sent(self, size_bytes: int) -> None:
        """In memory, on its way."""
        self.waiting_bytes += size_bytes

    def settled(self, size_bytes: int) -> None:
        """Kafka has it, or never will."""
        self.waiting_bytes -= size_bytes

    def spooled(self, size_bytes: int) -> None:
        """On disk."""
        self.spooled_bytes += size_bytes

    def unspooled(self, size_bytes: int) -> None:
        """Taken from the disk again."""
        self.spooled_bytes -= size_bytes

    def disk_refuses(self) -> None:
        """The disk takes no more: what comes now waits in memory behind it, and sound has no room."""
        self._disk_bytes = 0


def _as_gap(chunk: AudioChunk) -> AudioChunk:
    return msgspec.structs.replace(chunk, kind=ChunkKind.GAP, cause=GapCause.BACKLOG_FULL, pcm=b"", level_dbfs=None)
