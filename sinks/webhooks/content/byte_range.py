"""Which bytes a GET asks for: RFC 9110, sections 13.1.5 and 14. Pure.

aiohttp's FileResponse takes any If-Range that is not a date for fulfilled, so that a stale ETag would get a piece of another
version; here only the ETag of the very same bytes does.
"""

import re
from dataclasses import dataclass

UNIT = re.compile(r"bytes=\s*(\d*)-(\d*)\s*")


@dataclass(frozen=True)
class Part:
    """Bytes `first` up to, not including, `end`, of `size`; the whole or a range of it."""

    first: int
    end: int
    size: int
    partial: bool

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


def asked_part(range_header: str | None, if_range: str | None, etag: str, size: int) -> Part | None:
    """The part to send; None when no byte of the range exists (416).

    What is no single range of bytes is answered with the whole, as is a range of another version.
    """
    whole = Part(0, size, size, partial=False)
    found = UNIT.fullmatch(range_header or "")
    if not found or (if_range is not None and if_range.strip() != etag) or not any(found.groups()):
        return whole
    first, last = found.groups()
    if not first:
        return Part(max(0, size - int(last)), size, size, partial=True) if int(last) and size else None
    if last and int(last) < int(first):
        return whole
    end = min(size, int(last) + 1) if last else size
    return Part(int(first), end, size, partial=True) if int(first) < size else None
