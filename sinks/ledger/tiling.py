"""One epoch of one stream as it lies on audio.frames: do its records tile media time, once and without holes? Pure."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.events import AudioChunk
from schemas.ledger import Range, joined, range_label, ranges_digest
from schemas.timebase import BYTES_PER_UNIT
from schemas.vocabulary import ChunkKind

GAP_PREFIX = f"{ChunkKind.GAP}."


@dataclass(frozen=True, slots=True)
class Tile:
    """What a chunk says of units [seq, seq + units); `content` tells copies of one chunk from two that disagree."""

    seq: int
    units: int
    label: str
    content: int

    @property
    def end(self) -> int:
        return self.seq + self.units


@dataclass(frozen=True)
class Tiling:
    """What a set of tiles covers. `ranges` are (label, first, last included), ascending, neighbours joined."""

    ranges: tuple[Range, ...]
    duplicate_units: int
    overlap_units: int

    @property
    def digest(self) -> str:
        return ranges_digest(self.ranges)

    def units(self) -> Counter[str]:
        """Units by label."""
        counted: Counter[str] = Counter()
        for label, first, last in self.ranges:
            counted[label] += last - first + 1
        return counted

    def covered(self, first_seq: int, last_seq: int) -> int:
        """Units of [first_seq, last_seq] that lie on the topic as anything at all."""
        return sum(max(0, min(last, last_seq) - max(first, first_seq) + 1) for _, first, last in self.ranges)


def tile_of(chunk: AudioChunk) -> Tile | None:
    """The chunk as a tile; None when it contradicts itself: its bytes, its kind, its cause and its length disagree."""
    is_gap = chunk.kind is ChunkKind.GAP
    expected_bytes = chunk.units * BYTES_PER_UNIT if chunk.kind is ChunkKind.AUDIO else 0
    if chunk.units < 1 or chunk.seq < 0 or len(chunk.pcm) != expected_bytes or is_gap != (chunk.cause is not None):
        return None
    return Tile(chunk.seq, chunk.units, range_label(chunk.kind, chunk.cause), zlib.crc32(chunk.pcm))


def tiled(tiles: Iterable[Tile]) -> Tiling:
    """Lay `tiles`, given in log order, on media time; of two that disagree the one that begins first, then lies first, counts."""
    counter = _Overlaps()
    ranges = tuple(joined(_laid(tiles, counter)))
    return Tiling(ranges, counter.duplicate_units, counter.overlap_units)


@dataclass
class _Overlaps:
    duplicate_units: int = 0
    overlap_units: int = 0


def _laid(tiles: Iterable[Tile], counter: _Overlaps) -> Iterator[Range]:
    end, kept = 0, None
    for tile in sorted(tiles, key=lambda tile: tile.seq):
        if tile == kept:
            counter.duplicate_units += tile.units
            continue
        counter.overlap_units += max(0, min(end, tile.end) - tile.seq)
        if tile.end > end:
            yield tile.label, max(end, tile.seq), tile.end - 1
            end, kept = tile.end, tile
