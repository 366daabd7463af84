"""What an HTTP status instead of a socket asks of us, the same for every service. Pure."""

from collections.abc import Mapping

from schemas.vocabulary import SttErrorClass

TOO_MANY_REQUESTS = 429


def status_class(status: int) -> SttErrorClass:
    """4xx will be the same next time, but for a request that took too long or came too often; the rest may pass."""
    if status == TOO_MANY_REQUESTS:
        return SttErrorClass.THROTTLED
    if 400 <= status < 500 and status != 408:
        return SttErrorClass.FATAL
    return SttErrorClass.TRANSIENT


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """`Retry-After` in seconds; a date says nothing to us, who have no wall clock here."""
    try:
        return max(0, int(float(headers.get("Retry-After", "")) * 1000))
    except (ValueError, OverflowError):
        return None
