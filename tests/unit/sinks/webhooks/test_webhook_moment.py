"""Times as people type them."""

import pytest

from schemas.errors import UsageError
from sinks.webhooks.console.moment import length_us, moment_us, shown

NOW_US = 1_795_000_000_000_000


@pytest.mark.parametrize(("text", "us"), [("90s", 90_000_000), ("1.5h", 5_400_000_000), ("250ms", 250_000), ("0s", 0)])
def test_lengths(text: str, us: int) -> None:
    """A number and its unit."""
    assert length_us(text, field="overlap") == us


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2h", NOW_US - 7_200_000_000),
        ("2026-11-18T10:00:00", 1_794_996_000_000_000),
        ("2026-11-18T11:00:00+01:00", 1_794_996_000_000_000),
        ("2026-11-18T10:00:00Z", 1_794_996_000_000_000),
    ],
)
def test_moments(text: str, us: int) -> None:
    """A length of time ago, or ISO 8601, UTC unless it says otherwise."""
    assert moment_us(text, NOW_US, field="since") == us
    assert shown(us)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "yesterday", "2026-13-01"])
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    """With an example."""
    with pytest.raises(UsageError, match=r"^since") as refused:
        moment_us(text, NOW_US, field="since")
    assert "2h" in refused.value.remedy
    with pytest.raises(UsageError, match=r"^overlap"):
        length_us(text, field="overlap")
