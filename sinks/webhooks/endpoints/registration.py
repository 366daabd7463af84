"""What a person asks for, to the next revision of an endpoint's record: checked, secrets encrypted. Pure.

Every function returns a whole record with a larger `revision`; whoever puts it on `webhook.endpoints` made it from the
last one there.
"""

import re
from dataclasses import dataclass

import msgspec

from schemas import ids
from schemas.errors import UsageError
from schemas.events import WebhookEndpoint
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoints.address import normalised_url
from sinks.webhooks.endpoints.keyring import Keyring, Owner
from sinks.webhooks.endpoints.secret import Secret
from sinks.webhooks.endpoints.subscription import Subscription
from sinks.webhooks.events import interest

ENDPOINT_ID = re.compile(r"ep_[a-z0-9_]{1,40}")
LONGEST_DESCRIPTION = 200
LONGEST_SCHEDULE_S = 6 * 86_400.0  # webhook.deliveries keeps a delivery for 7 days
BOUNDS: dict[str, tuple[float, float]] = {
    "timeout_s": (1, 60),
    "concurrency": (1, 64),
    "rate_per_s": (0.01, 10_000),
    "inline_limit_bytes": (1_000, 256_000),
}


@dataclass(frozen=True, kw_only=True)
class Wish(Subscription):
    """An endpoint as a person describes it."""

    description: str = ""


@dataclass(frozen=True)
class Seal:
    """What encrypting a secret takes: the keys, and 12 random bytes never used twice."""

    keyring: Keyring
    nonce: bytes


def registered(
    wish: Wish, owner: Owner, secret: Secret, seal: Seal, *, allowed: Ranges, now_us: int
) -> WebhookEndpoint:
    """Revision 0; raises UsageError that names the field and the remedy."""
    if not ENDPOINT_ID.fullmatch(owner.endpoint_id):
        raise UsageError("id is not ep_ and up to 40 of a-z, 0-9, _", remedy="leave it out, or choose one like ep_crm")
    _check_bounds(wish)
    _check_waits(wish)
    return WebhookEndpoint(
        tenant_id=owner.tenant_id,
        endpoint_id=owner.endpoint_id,
        revision=0,
        event_id=ids.event_id(owner.endpoint_id, now_us, 0),
        occurred_at_us=now_us,
        produced_at_us=now_us,
        created_at_us=now_us,
        description=_checked_description(wish.description),
        url=normalised_url(wish.url, allowed, field="url"),
        event_types=interest.checked(wish.event_types, field="events"),
        ordering=wish.ordering,
        timeout_ms=round(wish.timeout_s * 1000),
        rate_per_s=wish.rate_per_s,
        concurrency=wish.concurrency,
        retry_waits_ms=tuple(round(wait_s * 1000) for wait_s in wish.retry_waits_s),
        on_exhausted=wish.on_exhausted,
        inline_limit_bytes=wish.inline_limit_bytes,
        enabled=True,
        disabled_reason="",
        secrets=(seal.keyring.seal(secret, owner, nonce=seal.nonce, now_us=now_us),),
    )


def disabled(record: WebhookEndpoint, reason: str, now_us: int) -> WebhookEndpoint:
    """Nothing is sent from now on, and nothing waits."""
    return _revised(record, now_us, enabled=False, disabled_reason=reason, disabled_at_us=now_us)


def enabled(record: WebhookEndpoint, now_us: int) -> WebhookEndpoint:
    """Events are sent again from now on; those in between by a recovery."""
    return _revised(record, now_us, enabled=True, disabled_reason="", disabled_at_us=None)


def rotated(record: WebhookEndpoint, secret: Secret, seal: Seal, *, overlap_us: int, now_us: int) -> WebhookEndpoint:
    """`secret` signs from now on, those of its scheme that signed so far for `overlap_us` more; spent ones are gone."""
    owner = Owner(record.tenant_id, record.endpoint_id)
    ends_us = now_us + overlap_us
    kept = [
        msgspec.structs.replace(old, valid_until_us=min(old.valid_until_us or ends_us, ends_us))
        if old.scheme is secret.scheme
        else old
        for old in record.secrets
        if old.valid_until_us is None or old.valid_until_us > now_us
    ]
    sealed = seal.keyring.seal(secret, owner, nonce=seal.nonce, now_us=now_us)
    valid = [old for old in kept if old.valid_until_us is None or old.valid_until_us > now_us]
    return _revised(record, now_us, secrets=(sealed, *valid))


def _revised(record: WebhookEndpoint, now_us: int, **changes: object) -> WebhookEndpoint:
    revision = record.revision + 1
    return msgspec.structs.replace(
        record,
        revision=revision,
        event_id=ids.event_id(record.endpoint_id, record.created_at_us, revision, now_us),
        occurred_at_us=now_us,
        produced_at_us=now_us,
        **changes,
    )


def _check_bounds(wish: Wish) -> None:
    for field, (least, most) in BOUNDS.items():
        value = getattr(wish, field)
        if value is not None and not least <= value <= most:
            raise UsageError(f"{field} is {value:g}", remedy=f"choose {least:g} to {most:g}")


def _check_waits(wish: Wish) -> None:
    total_s = sum(wish.retry_waits_s)
    if any(not wait_s >= 0 for wait_s in wish.retry_waits_s) or not total_s <= LONGEST_SCHEDULE_S:
        raise UsageError(
            f"retry_waits_s adds up to {total_s:g} s, or one is negative",
            remedy=f"seconds to wait after each failure, at most {LONGEST_SCHEDULE_S:g} s together",
        )


def _checked_description(text: str) -> str:
    if len(text) > LONGEST_DESCRIPTION or not text.isprintable():
        raise UsageError("description is too long or holds a control character", remedy="one line of 200 characters")
    return text
