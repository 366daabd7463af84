"""What deliveries are signed with: HMAC secrets (`whsec_…`) and ed25519 private keys (`whsk_…`), as Standard Webhooks
writes them. Pure: what is random is given.

A `whsk_` key is the 32 bytes of the private key and the 32 of the public one; the receiver gets the latter as `whpk_…`.
"""

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import UsageError
from schemas.vocabulary import SignatureScheme

PREFIXES = {SignatureScheme.V1: "whsec_", SignatureScheme.V1A: "whsk_"}
LENGTHS = {SignatureScheme.V1: range(24, 65), SignatureScheme.V1A: range(64, 65)}
PUBLIC_PREFIX = "whpk_"
SEED_BYTES = 32
NEW_BYTES = 32
REMEDY = "make one with `echo whsec_$(openssl rand -base64 32)` and give the receiver the same"


@dataclass(frozen=True)
class Secret:
    """One key; signs until `valid_until_us` (None: for good). The text never shows in a repr."""

    scheme: SignatureScheme
    text: str = field(repr=False)
    valid_until_us: int | None = None

    def valid_at(self, now_us: int) -> bool:
        return self.valid_until_us is None or now_us < self.valid_until_us

    @property
    def key(self) -> bytes:
        """The bytes behind the prefix."""
        return base64.b64decode(self.text.removeprefix(PREFIXES[self.scheme]))

    @property
    def for_receiver(self) -> str:
        """What the receiver verifies with: the same secret, or the public half."""
        if self.scheme is SignatureScheme.V1:
            return self.text
        return PUBLIC_PREFIX + base64.b64encode(self.key[SEED_BYTES:]).decode()


def secret_of(text: str, *, field: str) -> Secret:
    """`text` as given by a person; raises UsageError that names `field` and never repeats the text."""
    scheme = next((scheme for scheme, prefix in PREFIXES.items() if text.startswith(prefix)), None)
    if scheme is None:
        raise UsageError(f"{field} must start with {' or '.join(PREFIXES.values())}", remedy=REMEDY)
    prefix, lengths = PREFIXES[scheme], LENGTHS[scheme]
    key = _decoded(text.removeprefix(prefix))
    if key is None:
        raise UsageError(f"{field} is not base64 after {prefix}", remedy=REMEDY)
    if len(key) not in lengths:
        wanted = f"{lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else str(lengths[0])
        raise UsageError(f"{field} holds {len(key)} bytes, not {wanted}", remedy=REMEDY)
    if scheme is SignatureScheme.V1A and _public(key[:SEED_BYTES]) != key[SEED_BYTES:]:
        raise UsageError(f"{field}: its public half does not belong to its private half", remedy=REMEDY)
    return Secret(scheme, text)


def new_secret(scheme: SignatureScheme, random_bytes: bytes) -> Secret:
    """A secret from 32 random bytes."""
    key = random_bytes + (_public(random_bytes) if scheme is SignatureScheme.V1A else b"")
    return secret_of(PREFIXES[scheme] + base64.b64encode(key).decode(), field="secret")


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
