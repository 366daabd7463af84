"""Points in time and lengths of time as a person types them. Pure."""

import re
from datetime import UTC, datetime

from schemas.errors import UsageError

LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNIT_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


def length_us(text: str, *, field: str) -> int:
    """`90s`, `5m`, `2h` or `1.5d` in microseconds; raises UsageError that names `field`."""
    found = LENGTH.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{field} is no length of time: {text}", remedy="a number with ms, s, m, h or d, such as 24h")
    return round(float(found[1]) * UNIT_US[found[2]])


def moment_us(text: str, now_us: int, *, field: str) -> int:
    """A length of time ago, or a date and time as ISO 8601 (UTC unless it says otherwise)."""
    if LENGTH.fullmatch(text.strip()):
        return now_us - length_us(text, field=field)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        remedy = "such as 2h (two hours ago) or 2026-11-28T10:00"
        raise UsageError(f"{field} is no time: {text}", remedy=remedy) from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)


def shown(us: int | None) -> str:
    """UTC to the second; empty for none."""
    return "" if us is None else f"{datetime.fromtimestamp(us / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"
