"""Standard Webhooks headers: stable id, time of this try, signatures over both and the body. Pure.

Specification: standard-webhooks/standard-webhooks, spec/standard-webhooks.md. Every valid secret signs, so that a receiver
may change over to a new one at any moment of the overlap.
"""

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.vocabulary import SignatureScheme
from sinks.webhooks.endpoints.secret import SEED_BYTES, Secret

USER_AGENT = "earshot-webhooks/1"
SIGNATURE = "webhook-signature"
HIDDEN = "…"
SECOND_US = 1_000_000
KNOWN_SECRETS = 4096
Sign = Callable[[bytes], bytes]


def signed_headers(
    secrets: Iterable[Secret], delivery_id: str, body: bytes, content_type: str, now_us: int
) -> dict[str, str]:
    """Headers of one try. A receiver refuses a signature older than some minutes, so every try signs anew.

    Without a valid secret there is no signature, and the try must not be made.
    """
    timestamp = str(now_us // SECOND_US)
    signed = b".".join((delivery_id.encode(), timestamp.encode(), body))
    signatures = [_signature(secret, signed) for secret in secrets if secret.valid_at(now_us)]
    return {
        "content-type": content_type,
        "user-agent": USER_AGENT,
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        **({SIGNATURE: " ".join(signatures)} if signatures else {}),
    }


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The same for the delivery log: of each signature only its scheme."""
    shown = dict(headers)
    if SIGNATURE in shown:
        schemes = (signature.partition(",")[0] for signature in shown[SIGNATURE].split(" "))
        shown[SIGNATURE] = " ".join(f"{scheme},{HIDDEN}" for scheme in schemes)
    return shown


def _signature(secret: Secret, signed: bytes) -> str:
    return f"{secret.scheme},{base64.b64encode(_signer(secret)(signed)).decode()}"


@lru_cache(KNOWN_SECRETS)
def _signer(secret: Secret) -> Sign:
    """Making a key out of its text costs more than signing with it."""
    key = secret.key
    if secret.scheme is SignatureScheme.V1A:
        return Ed25519PrivateKey.from_private_bytes(key[:SEED_BYTES]).sign
    return lambda signed: hmac.digest(key, signed, "sha256")
