"""Links to content that is too big to send: signed, with an end, and good for one content only. Pure.

What lies behind a link never changes, because its name is its hash; what ends is the link. A new one can be made any time.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from sinks.webhooks.events.envelope import utc

SECOND_US = 1_000_000
PATH = "/webhook-content"


@dataclass(frozen=True)
class Links:
    """Makes and checks links below `base_url`. The key never shows in a repr."""

    base_url: str
    lifetime_us: int
    key: bytes = field(repr=False)

    def make(self, sha256: str, now_us: int) -> "Link":
        expires_s = (now_us + self.lifetime_us) // SECOND_US
        signature = self._signature(sha256, expires_s)
        url = f"{self.base_url.rstrip('/')}{PATH}/{sha256}?expires={expires_s}&signature={signature}"
        return Link(url, expires_s * SECOND_US)

    def fault(self, sha256: str, expires: str, signature: str, now_us: int) -> str:
        """Why a link is not honoured; empty when it is."""
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return "malformed"
        if not hmac.compare_digest(self._signature(sha256, int(expires)).encode(), signature.encode()):
            return "signature"
        return "expired" if int(expires) * SECOND_US <= now_us else ""

    def _signature(self, sha256: str, expires_s: int) -> str:
        return hmac.new(self.key, f"{sha256}.{expires_s}".encode(), "sha256").hexdigest()


@dataclass(frozen=True)
class Link:
    """One link and when it ends."""

    url: str
    expires_at_us: int

    @property
    def expires_at(self) -> str:
        return utc(self.expires_at_us).isoformat()


def digest(content: bytes) -> str:
    """The name of a content."""
    return hashlib.sha256(content).hexdigest()
