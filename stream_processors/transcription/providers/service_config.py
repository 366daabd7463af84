"""What every service on WebSockets is set to, and what the caller must know of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from schemas.errors import UsageError
from stream_processors.transcription.providers.interface import BilledBy, Capabilities, Price

FINAL_TIMEOUT_MS = 15_000
STUCK_AFTER_MS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """From the settings of the same names; those of `provider` begin with EARSHOT_ and its name."""

    provider: str
    api_key: str
    url: str
    model: str
    language: str
    price_micros_per_hour: int

    def capabilities_of(
        self, billed_by: BilledBy, *, pace: float, session_limit_ms: int, silent_after_ms: int | None = None
    ) -> Capabilities:
        return Capabilities(
            provider=self.provider,
            model=self.model,
            language=self.language,
            final_timeout_ms=FINAL_TIMEOUT_MS,
            pace=pace,
            session_limit_ms=session_limit_ms,
            price=Price(billed_by, self.price_micros_per_hour),
            silent_after_ms=silent_after_ms,
            stuck_after_ms=STUCK_AFTER_MS,
        )

    def address_with(self, query: Mapping[str, str | int]) -> str:
        return f"{self.url}?{urlencode(query)}"

    def demand_key_and_url(self) -> None:
        """Raises UsageError that names the setting."""
        prefix = f"EARSHOT_{self.provider.upper()}"
        if not self.api_key:
            raise UsageError(f"{prefix}_API_KEY is empty", remedy=f"set it to a key of your {self.provider} account")
        if urlsplit(self.url).scheme not in ("ws", "wss"):
            raise UsageError(f"{prefix}_URL is {self.url}, which is no WebSocket", remedy="wss://host/path, or ws://")
