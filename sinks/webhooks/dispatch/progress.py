"""What may be committed for one partition of webhook.deliveries and webhook.attempts. Pure.

A delivery is settled when its last try, or that it is parked, is on the log. The committed place on webhook.attempts is
that before which every record has had its effect on the log, so a restart reads the few after it to know the rest.
"""

from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass

from schemas.events import WebhookAttempt
from sinks.webhooks.dispatch.attempt import SETTLED
from sinks.webhooks.log.commit_note import commit_note
from sinks.webhooks.log.offsets import Offsets


@dataclass(frozen=True)
class Commit:
    """Next offsets to read; None while nothing is known. `note` goes with the deliveries' commit."""

    deliveries: int | None
    note: str
    attempts: int | None


class Progress:
    """`take` every delivery as it is read. Then say what the broker has acknowledged, in the order it did."""

    def __init__(self) -> None:
        self.deliveries = Offsets()
        self._attempts = Offsets()
        self._known: set[int] = set()
        self._unwritten: defaultdict[int, deque[int]] = defaultdict(deque)
        self._written: defaultdict[int, int] = defaultdict(int)

    def start(self, deliveries: int, attempts: int, settled: Collection[int]) -> None:
        """Where reading begins, up to where the attempts have been read back, and what is known to be settled ahead."""
        self.deliveries.pass_to(deliveries)
        self._attempts.pass_to(attempts)
        self._known = {offset for offset in settled if offset >= deliveries}

    def take(self, offset: int) -> bool:
        """A record was read; whether it is still to be delivered."""
        self.deliveries.take(offset)
        if offset not in self._known:
            return True
        self._known.discard(offset)
        self.deliveries.settle(offset)
        return False

    def pass_by(self, offset: int) -> None:
        """The record there is unreadable and on the dead letters."""
        self.deliveries.take(offset)
        self.deliveries.settle(offset)

    def attempt_written(self, attempt_offset: int, attempt: WebhookAttempt, with_write: bool) -> None:
        """`with_write`: the try also changes webhook.parked, and `parked_written` may come before or after this."""
        offset = attempt.delivery_offset
        self._attempts.take(attempt_offset)
        if attempt.outcome in SETTLED:
            self.deliveries.settle(offset)
        if not with_write:
            self._attempts.settle(attempt_offset)
        elif self._written[offset]:
            self._written[offset] -= 1
            self._attempts.settle(attempt_offset)
            self._tidy(offset)
        else:
            self._unwritten[offset].append(attempt_offset)
            self._tidy(offset)

    def parked_written(self, offset: int, of_try: bool) -> None:
        """A record or tombstone for the delivery at `offset` is on webhook.parked; `of_try`: because of a try."""
        self.deliveries.settle(offset)
        if not of_try:
            return
        if self._unwritten[offset]:
            self._attempts.settle(self._unwritten[offset].popleft())
        else:
            self._written[offset] += 1
        self._tidy(offset)

    def _tidy(self, offset: int) -> None:
        if not self._unwritten[offset]:
            del self._unwritten[offset]
        if not self._written[offset]:
            del self._written[offset]

    def commit(self) -> Commit:
        watermark = self.deliveries.watermark
        settled = sorted([*self.deliveries.settled_above(), *self._known])
        note = commit_note(watermark, settled) if watermark is not None else ""
        return Commit(watermark, note, self._attempts.watermark)
