"""The bytes of a delivery, decided once: the whole event, or a thin one with a link to the whole. Pure."""

from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.webhooks.payloads import Content, Envelope, Payload
from sinks.webhooks.envelope import CONTENT_TYPE, PublicEvent, body, utc
from sinks.webhooks.link import Links, digest

LONGEST_KEPT = 200


@dataclass(frozen=True)
class Frozen:
    """`body` is signed and sent. `content` is what its link leads to: it must be stored before the body is on the log."""

    body: bytes
    content: bytes | None = None


def frozen(event: PublicEvent, sequence: int, limit_bytes: int, links: Links, now_us: int) -> Frozen:
    """The whole event when it fits into `limit_bytes`, else a claim check: what it is about, and where the rest is."""
    whole = body(event, sequence)
    if len(whole) <= limit_bytes:
        return Frozen(whole)
    link = links.make(digest(whole), now_us)
    thin = Envelope(
        id=event.event_id,
        type=event.type,
        timestamp=utc(event.occurred_at_us),
        sequence=sequence,
        data=thinned(event.data),
        content=Content(
            url=link.url,
            bytes=len(whole),
            sha256=digest(whole),
            content_type=CONTENT_TYPE,
            expires_at=utc(link.expires_at_us),
        ),
    )
    return Frozen(msgspec.json.encode(thin), whole)


def thinned(data: Payload) -> Payload:
    """The same event without what may be long: ids and numbers stay, so it is still valid and says what it is about."""
    shorter: dict[str, Any] = {}
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if isinstance(value, str) and len(value) > LONGEST_KEPT:
            shorter[name] = ""
        elif isinstance(value, tuple | dict):
            shorter[name] = type(value)()
    return msgspec.structs.replace(data, **shorter)
