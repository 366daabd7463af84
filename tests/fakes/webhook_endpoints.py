"""Endpoints as they lie on `webhook.endpoints`, with keys that open their secrets."""

from typing import Any

from schemas.events import WebhookEndpoint
from sinks.guard.ranges import Ranges, ranges
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.keyring import NONCE_BYTES, Owner, keyring
from sinks.webhooks.endpoints.registration import Seal, Wish, registered
from sinks.webhooks.endpoints.secret import secret_of
from tests.fakes.webhook_receiver import SECRET

KEYS_TEXT = "2026-11:" + "A" * 43 + "="
KEYS = keyring(KEYS_TEXT)
LOOPBACK = ranges("127.0.0.0/8,::1", setting="ranges")
SEAL = Seal(KEYS, b"n" * NONCE_BYTES)


def record(
    *, endpoint_id: str = "ep_1", now_us: int = 1_000_000, secret: str = SECRET, allowed: Ranges = LOOPBACK, **wish: Any
) -> WebhookEndpoint:
    """Revision 0 of an endpoint with the defaults, changed as asked."""
    described = Wish(**{"url": "https://hooks.example.com/earshot", **wish})
    owner = Owner("default", endpoint_id)
    return registered(described, owner, secret_of(secret, field="secret"), SEAL, allowed=allowed, now_us=now_us)


def endpoint(endpoint_id: str = "ep_1", url: str = "https://hooks.example.com/earshot", **terms: Any) -> Endpoint:
    """An endpoint as the sink serves it."""
    secrets = (secret_of(SECRET, field="secret"),)
    return Endpoint(endpoint_id=endpoint_id, url=url, secrets=secrets, **terms)
