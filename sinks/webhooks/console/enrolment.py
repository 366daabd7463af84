"""Many endpoints at once: `python -m sinks.webhooks.console.enrolment < endpoints.jsonl`, a JSON object a line.

For rehearsals and moves from another system; one endpoint is added with `earshot webhooks endpoints add`.
"""

import os
import sys
from collections.abc import Iterable

import msgspec

from schemas.settings import WebhookSettings, load
from schemas.timebase import SystemClock
from schemas.vocabulary import Ordering
from sinks.webhooks.config import allowed_ranges, secret_keys
from sinks.webhooks.endpoints.keyring import NONCE_BYTES, Owner
from sinks.webhooks.endpoints.registration import Seal, Wish, registered
from sinks.webhooks.endpoints.secret import secret_of
from sinks.webhooks.endpoints.store import EndpointStore
from sinks.webhooks.endpoints.subscription import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_S


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint; what is left out is as `earshot webhooks endpoints add` has it."""

    endpoint_id: str
    url: str
    secret: str
    timeout_s: float = DEFAULT_TIMEOUT_S
    concurrency: int = DEFAULT_CONCURRENCY
    ordering: Ordering = Ordering.BOT


def enrol(settings: WebhookSettings, lines: Iterable[bytes]) -> None:
    """Put them on the log; raises UsageError at the first that cannot be."""
    keys, allowed, clock = secret_keys(settings), allowed_ranges(settings), SystemClock()
    with EndpointStore(settings) as store:
        for text in lines:
            line = msgspec.json.decode(text, type=Line)
            wish = Wish(url=line.url, timeout_s=line.timeout_s, concurrency=line.concurrency, ordering=line.ordering)
            owner = Owner(settings.tenant_id, line.endpoint_id)
            secret = secret_of(line.secret, field="secret")
            seal = Seal(keys, os.urandom(NONCE_BYTES))
            store.put(registered(wish, owner, secret, seal, allowed=allowed, now_us=clock.now_us()))


if __name__ == "__main__":
    enrol(load(WebhookSettings), sys.stdin.buffer)
