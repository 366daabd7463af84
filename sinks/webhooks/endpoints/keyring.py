"""Secrets at rest: AES-256-GCM under a deployment's own keys, each with an id, so that keys can be changed one by one. Pure.

What is encrypted is bound to its tenant, endpoint and scheme: a record copied under another endpoint's name does not open.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import UsageError
from schemas.events import EndpointSecret
from sinks.webhooks.endpoints.secret import Secret

SETTING = "EARSHOT_WEBHOOK_KEYS"
KEY_BYTES = 32
NONCE_BYTES = 12
REMEDY = f"set {SETTING} to an id and 32 bytes in base64: `echo 2026-11:$(openssl rand -base64 32)`"


@dataclass(frozen=True)
class Owner:
    """Whose secret it is."""

    tenant_id: str
    endpoint_id: str


@dataclass(frozen=True)
class Keyring:
    """Every key decrypts; the first encrypts. The keys never show in a repr."""

    keys: Mapping[str, bytes] = field(repr=False)

    def seal(self, secret: Secret, owner: Owner, *, nonce: bytes, now_us: int) -> EndpointSecret:
        """`nonce` is 12 random bytes, never used twice. Raises UsageError when there is no key."""
        if not self.keys:
            raise UsageError(f"{SETTING} is not set, and secrets are kept encrypted", remedy=REMEDY)
        key_id = next(iter(self.keys))
        sealed = AESGCM(self.keys[key_id]).encrypt(nonce, secret.text.encode(), _bond(secret.scheme, owner))
        return EndpointSecret(
            scheme=secret.scheme,
            key_id=key_id,
            nonce=nonce,
            ciphertext=sealed,
            created_at_us=now_us,
            valid_until_us=secret.valid_until_us,
        )

    def open(self, sealed: EndpointSecret, owner: Owner) -> Secret:
        """Raises UsageError that names the key's id and the endpoint."""
        whose = f"a secret of {owner.endpoint_id} is encrypted with key {sealed.key_id!r}"
        if sealed.key_id not in self.keys:
            raise UsageError(f"{whose}, which {SETTING} lacks", remedy=f"add that key to {SETTING}")
        try:
            key = AESGCM(self.keys[sealed.key_id])
            text = key.decrypt(sealed.nonce, sealed.ciphertext, _bond(sealed.scheme, owner)).decode()
        except (InvalidTag, ValueError):
            raise UsageError(f"{whose}, but does not open", remedy=f"mend that key in {SETTING}") from None
        return Secret(sealed.scheme, text, sealed.valid_until_us)


def keyring(text: str) -> Keyring:
    """From `id:base64,id:base64`; raises UsageError that never repeats a key."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key_id, colon, encoded = part.partition(":")
        key = _decoded(encoded) if colon and key_id else b""
        if len(key) != KEY_BYTES or key_id in keys:
            fault = f"is not id:base64 of {KEY_BYTES} bytes with an id of its own"
            raise UsageError(f"key {len(keys) + 1} of {SETTING} {fault}", remedy=REMEDY)
        keys[key_id] = key
    return Keyring(keys)


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _bond(scheme: str, owner: Owner) -> bytes:
    return "\x1f".join((owner.tenant_id, owner.endpoint_id, scheme)).encode()
