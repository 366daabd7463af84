"""What somebody wants to be told, where, and how; the defaults are what most want. Pure."""

from dataclasses import dataclass

from schemas.vocabulary import OnExhausted, Ordering

DEFAULT_TIMEOUT_S = 15.0
DEFAULT_CONCURRENCY = 8
INLINE_LIMIT_BYTES = 20_000


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """`event_types` empty: every one. `retry_waits_s`: one more try than waits; empty: the deployment's own schedule."""

    url: str
    event_types: tuple[str, ...] = ()
    ordering: Ordering = Ordering.BOT
    timeout_s: float = DEFAULT_TIMEOUT_S
    rate_per_s: float | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    retry_waits_s: tuple[float, ...] = ()
    on_exhausted: OnExhausted = OnExhausted.SKIP
    inline_limit_bytes: int = INLINE_LIMIT_BYTES
