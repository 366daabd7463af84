"""The bytes of a delivery, decided once: the whole event, or a thin one with a link to the whole. Pure."""

from dataclasses import dataclass
from typing import Any

import msgspec

from schemas.events import WebhookDelivery
from schemas.webhooks.documents import read_body
from schemas.webhooks.payloads import Content, Payload
from sinks.webhooks.content.link import Links, digest
from sinks.webhooks.events.envelope import utc

LONGEST_KEPT = 200


@dataclass(frozen=True)
class Frozen:
    """What goes on the log. `content` is what its link leads to: it must be stored before."""

    delivery: WebhookDelivery
    content: bytes | None = None


def frozen(delivery: WebhookDelivery, limit_bytes: int, links: Links, now_us: int) -> Frozen:
    """As it is when its body fits into `limit_bytes`, else a claim check: what it is about, and where the rest is."""
    whole = delivery.body
    if len(whole) <= limit_bytes:
        return Frozen(delivery)
    sha256 = digest(whole)
    link = links.make(sha256, now_us)
    content = Content(
        url=link.url,
        bytes=len(whole),
        sha256=sha256,
        content_type=delivery.content_type,
        expires_at=utc(link.expires_at_us),
    )
    envelope = read_body(whole)
    thin = msgspec.structs.replace(envelope, data=thinned(envelope.data), content=content)
    return Frozen(msgspec.structs.replace(delivery, body=msgspec.json.encode(thin)), whole)


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
