"""From what a person asks for to the next revision of an endpoint, and what is refused on the way."""

from typing import Any

import pytest

from schemas.errors import UsageError
from schemas.vocabulary import SignatureScheme
from sinks.webhooks.endpoints.endpoint import opened
from sinks.webhooks.endpoints.registration import disabled, enabled, rotated
from sinks.webhooks.endpoints.secret import Secret, new_secret
from tests.fakes.webhook_endpoints import KEYS, SEAL, record

HOUR_US = 3_600_000_000
NEXT = new_secret(SignatureScheme.V1, b"y" * 32)
LAST = new_secret(SignatureScheme.V1, b"z" * 32)
ED25519 = new_secret(SignatureScheme.V1A, b"k" * 32)


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ({"url": "ftp://x.example/"}, "url"),
        ({"event_types": ("bot.done", "bot.born")}, "events: 'bot.born'"),
        ({"event_types": ("*",)}, "events"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": 61}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"concurrency": 0}, "concurrency"),
        ({"rate_per_s": 0}, "rate_per_s"),
        ({"inline_limit_bytes": 256_001}, "inline_limit_bytes"),
        ({"retry_waits_s": (-1,)}, "retry_waits_s"),
        ({"retry_waits_s": (86_400,) * 7}, "retry_waits_s"),
        ({"description": "x" * 201}, "description"),
        ({"description": "two\nlines"}, "description"),
        ({"endpoint_id": "ep_Ü"}, "id"),
        ({"endpoint_id": "crm"}, "id"),
    ],
)
def test_a_wrong_field_is_named_with_a_remedy(wish: dict[str, Any], names: str) -> None:
    """Before anything is stored."""
    with pytest.raises(UsageError, match=rf"^{names}") as refused:
        record(**wish)
    assert refused.value.remedy


def test_event_types_are_names_or_families() -> None:
    """Sorted, once each."""
    wished = ("transcript.data", "bot.*", "bot.*")
    assert record(event_types=wished).event_types == ("bot.*", "transcript.data")


def test_disabling_and_enabling_are_revisions() -> None:
    """Larger numbers, other event ids, the rest untouched."""
    first = record()
    off = disabled(first, "gone", 5)
    on = enabled(off, 6)
    assert [revision.revision for revision in (first, off, on)] == [0, 1, 2]
    assert len({revision.event_id for revision in (first, off, on)}) == 3
    assert (off.enabled, off.disabled_reason, off.disabled_at_us) == (False, "gone", 5)
    assert (on.enabled, on.disabled_reason, on.disabled_at_us) == (True, "", None)
    assert on.secrets == first.secrets


def texts_valid_at(found: Any, now_us: int) -> set[str]:
    return {secret.text for secret in opened(found, KEYS).secrets if secret.valid_at(now_us)}


def test_both_secrets_sign_during_the_overlap_and_one_after_it() -> None:
    """No delivery is refused whenever the receiver changes over."""
    first = record()
    old = opened(first, KEYS).secrets[0].text
    both = rotated(first, NEXT, SEAL, overlap_us=HOUR_US, now_us=10)
    assert texts_valid_at(both, 11) == {old, NEXT.text}
    assert texts_valid_at(both, 10 + HOUR_US) == {NEXT.text}


def test_a_second_rotation_does_not_lengthen_the_first_overlap() -> None:
    """A secret that leaked ends when it was said to end; spent ones leave the record."""
    both = rotated(record(), NEXT, SEAL, overlap_us=HOUR_US, now_us=10)
    three = rotated(both, LAST, SEAL, overlap_us=2 * HOUR_US, now_us=20)
    assert [s.valid_until_us for s in opened(three, KEYS).secrets] == [None, 20 + 2 * HOUR_US, 10 + HOUR_US]
    later = rotated(three, Secret(SignatureScheme.V1, NEXT.text), SEAL, overlap_us=0, now_us=10 + 3 * HOUR_US)
    assert len(later.secrets) == 1


def test_a_secret_of_another_scheme_ends_none() -> None:
    """HMAC and ed25519 sign side by side until one is removed."""
    found = opened(rotated(record(), ED25519, SEAL, overlap_us=0, now_us=10), KEYS)
    assert [(s.scheme, s.valid_until_us) for s in found.secrets] == [
        (SignatureScheme.V1A, None),
        (SignatureScheme.V1, None),
    ]
