"""What deliveries are signed with: HMAC secrets (`whsec_…`) and ed25519 private keys (`whsk_…`), as Standard Webhooks
writes them. Pure: what is random is given.
"""

import base64
import binascii
from dataclasses import dataclass, field

from schemas.errors import UsageError
from schemas.vocabulary import SignatureScheme

PREFIXES = {SignatureScheme.V1: "whsec_", SignatureScheme.V1A: "whsk_"}
LENGTHS = {SignatureScheme.V1: range(24, 65), SignatureScheme.V1A: range(32, 33)}
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


def secret_of(text: str, *, field: str) -> Secret:
    """`text` as given by a person; raises UsageError that names `field` and never repeats the text."""
    scheme = next((scheme for scheme, prefix in PREFIXES.items() if text.startswith(prefix)), None)
    if scheme is None:
        raise UsageError(f"{field} must start with {' or '.join(PREFIXES.values())}", remedy=REMEDY)
    prefix = PREFIXES[scheme]
    try:
        key = base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"{field} is not base64 after {prefix}", remedy=REMEDY) from None
    lengths = LENGTHS[scheme]
    if len(key) not in lengths:
        wanted = f"{lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else str(lengths[0])
        raise UsageError(f"{field} holds {len(key)} bytes, not {wanted}", remedy=REMEDY)
    return Secret(scheme, text)


def new_secret(scheme: SignatureScheme, random_bytes: bytes) -> Secret:
    """A secret from 32 random bytes."""
    return secret_of(PREFIXES[scheme] + base64.b64encode(random_bytes).decode(), field="secret")
