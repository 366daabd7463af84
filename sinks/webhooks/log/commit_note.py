"""The metadata of a commit: which offsets above the committed one are settled too. Pure.

A restart reads from the committed offset and skips those. `1:` and base64 of a deflated bit field, bit n standing for the
committed offset + n. What does not fit into the broker's limit is left out: it is read again, and known from the attempts.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence

LIMIT = 4096
"""offset.metadata.max.bytes, the broker's default."""
VERSION = "1:"
LONGEST_BITS = 1 << 18


def commit_note(watermark: int, settled_above: Sequence[int]) -> str:
    """Metadata for a commit of `watermark`; `settled_above` ascends. Empty when there is nothing to say."""
    span = min(settled_above[-1] - watermark + 1, LONGEST_BITS) if settled_above else 0
    while span:
        text = _written(watermark, [offset for offset in settled_above if offset - watermark < span])
        if len(text) <= LIMIT:
            return text
        span //= 2
    return ""


def noted_offsets(note: str, watermark: int) -> frozenset[int]:
    """The offsets `commit_note` was given, or fewer; none for a text that is not ours."""
    try:
        packed = base64.b64decode(note.removeprefix(VERSION), validate=True) if note.startswith(VERSION) else b""
        bits = zlib.decompressobj().decompress(packed, LONGEST_BITS // 8) if packed else b""
    except (binascii.Error, zlib.error, ValueError):
        return frozenset()
    return frozenset(
        watermark + place * 8 + bit for place, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1
    )


def _written(watermark: int, offsets: Sequence[int]) -> str:
    if not offsets:
        return ""
    bits = bytearray((offsets[-1] - watermark) // 8 + 1)
    for offset in offsets:
        place, bit = divmod(offset - watermark, 8)
        bits[place] |= 1 << bit
    return VERSION + base64.b64encode(zlib.compress(bytes(bits), 6)).decode()
