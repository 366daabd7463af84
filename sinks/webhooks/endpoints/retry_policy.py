"""When a delivery that failed is tried again, as a table; and which failures no retry mends. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

SECOND_US = 1_000_000
JITTER = 0.2
LONGEST_RETRY_AFTER_S = 24 * 3600.0
GONE = 410


class Answer(msgspec.Struct, frozen=True):
    """What came of one POST. `status` is 0 and `error_class` says why when there was no answer.

    `charged` is False when the endpoint had no part in the failure. `request_headers` are without secrets.
    """

    status: int
    error_class: str
    latency_ms: int
    snippet: str = ""
    retry_after: str | None = None
    charged: bool = True
    request_headers: Mapping[str, str] = {}

    @property
    def delivered(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class RetryPolicy:
    """`waits_s[n]` is the wait after failure n + 1, the last one repeating; `attempts` counts the first try too."""

    waits_s: tuple[float, ...]
    attempts: int

    def next_attempt_at_us(self, delivery_id: str, attempt: int, answer: Answer, now_us: int) -> int:
        """When to try again after failed try number `attempt`, which may be beyond the last for a lane that is held."""
        wait_s = self.waits_s[min(attempt, len(self.waits_s)) - 1] * (1 + JITTER * spread(delivery_id, attempt))
        asked_s = min(asked_wait_s(answer.retry_after, now_us), LONGEST_RETRY_AFTER_S)
        return now_us + int(max(wait_s, asked_s) * SECOND_US)


def retry_policy(waits_s: str, attempts: int) -> RetryPolicy:
    """From the settings: waits as comma-separated seconds."""
    return RetryPolicy(tuple(float(wait_s) for wait_s in waits_s.split(",")), attempts)


def spread(delivery_id: str, attempt: int) -> float:
    """Between -1 and 1, other for each delivery and try: deliveries that failed together do not come back together."""
    digest = hashlib.blake2b(f"{delivery_id}:{attempt}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 0xFFFF_FFFF * 2 - 1


def asked_wait_s(retry_after: str | None, now_us: int) -> float:
    """Seconds a Retry-After header asks for, given as seconds or as a date; 0 for what cannot be read."""
    if retry_after is None:
        return 0.0
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.fromtimestamp(now_us / SECOND_US, UTC)).total_seconds())
