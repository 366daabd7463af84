"""How one endpoint wants to be served. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.vocabulary import Ordering
from sinks.webhooks.endpoints.retry_policy import RetryPolicy


@dataclass(frozen=True)
class Terms:
    """`hold`: a delivery that failed its last try keeps its lane waiting. `rate_per_s` None: as fast as it answers."""

    policy: RetryPolicy
    concurrency: int = 8
    rate_per_s: float | None = None
    hold: bool = False
    ordering: Ordering = Ordering.BOT
    enabled: bool = True
    url_host: str = ""


TermsOf = Callable[[str], Terms | None]
"""Terms by endpoint id; None for an endpoint that is not there (any more)."""
