"""What is about to be inserted, as it stands in the offset commit's metadata. Pure.

Whoever owns the partition next, after whatever end this process came to, reads it there and makes the same batch again:
the same records, hence the same token, hence one insert to ClickHouse however often it was sent.
"""

import msgspec


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The exact batch that may or may not be in the tables: first and last offset, records, and who mapped them to rows."""

    first_offset: int = msgspec.field(name="min")
    last_offset: int = msgspec.field(name="max")
    records: int = msgspec.field(name="n")
    mapper_version: int = msgspec.field(name="mapper")

    def metadata(self) -> str:
        """The text for the offset commit; Kafka takes up to 4096 bytes, this is under 100."""
        return msgspec.json.encode(self).decode()


def intent_of(metadata: str | None) -> Intent | None:
    """The intent in a commit's metadata; None where there is none, or where somebody else's words stand."""
    if not metadata:
        return None
    try:
        found = msgspec.json.decode(metadata.encode(), type=Intent)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return found if 0 <= found.first_offset <= found.last_offset else None
