"""The digest both sides of the ledger compute: the bot over what it sent, verify over what lies on the topic."""

import hashlib
from collections.abc import Iterable

from schemas.vocabulary import ChunkKind, GapCause

Range = tuple[str, int, int]


def range_label(kind: ChunkKind, cause: GapCause | None) -> str:
    """How a kind is written in the digest: a gap carries its cause."""
    return f"{kind}.{cause}" if kind is ChunkKind.GAP else str(kind)


def joined(ranges: Iterable[Range]) -> Iterable[Range]:
    """Maximal runs: neighbours of one label become one range. `ranges` are (label, first, last included), ascending."""
    current: Range | None = None
    for label, first, last in ranges:
        if current and current[0] == label and current[2] + 1 == first:
            current = (label, current[1], last)
            continue
        if current:
            yield current
        current = (label, first, last)
    if current:
        yield current


def ranges_digest(ranges: Iterable[Range]) -> str:
    """SHA-256 of one line `label:first-last` a run, in hex."""
    digest = hashlib.sha256()
    for label, first, last in joined(ranges):
        digest.update(f"{label}:{first}-{last}\n".encode())
    return digest.hexdigest()
