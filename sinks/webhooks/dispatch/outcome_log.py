"""Puts on the log what came of deliveries, and tells each partition's progress when the broker has it."""

from collections.abc import Iterable

from schemas.errors import InvalidRecord
from schemas.events import WebhookAttempt
from schemas.timebase import Clock
from schemas.topics import WEBHOOK_ATTEMPTS
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.dispatch.progress import Progress
from sinks.webhooks.log.parked import Write
from sinks.webhooks.log.pending import Pending
from sinks.webhooks.log.writer import LogWriter, OnAck


class OutcomeLog:
    """The order that a crash at any point must not hurt: dead letter, then attempt, then the tombstone of what was parked.

    What is acknowledged of a partition that was given up in the meantime moves nothing.
    """

    def __init__(self, writer: LogWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self.progress: dict[int, Progress] = {}

    def write_parked(self, writes: Iterable[Write]) -> None:
        """Deliveries that are parked for another reason than a try of their own."""
        for write in writes:
            self._park(write, of_try=False)

    def record(self, head: Pending, attempt: WebhookAttempt, writes: Iterable[Write]) -> None:
        """A try that ended, and what of webhook.parked changed over it."""
        own, tombstones = False, list[Write]()
        for write in writes:
            of_try = (write.partition, write.offset) == (head.partition, head.offset)
            own |= of_try
            if of_try and write.record is None:
                tombstones.append(write)
            else:
                self._park(write, of_try=of_try)
        self._bury_first(head, attempt, self._attempt(head, attempt, tombstones, own))

    def _attempt(self, head: Pending, attempt: WebhookAttempt, tombstones: list[Write], own: bool) -> OnAck:
        progress = self.progress.get(head.partition)

        def acknowledged(offset: int) -> None:
            if progress:
                progress.attempt_written(offset, attempt, own)
            for write in tombstones:
                self._park(write, of_try=True)

        return lambda _: self._writer.write(WEBHOOK_ATTEMPTS, attempt, head.partition, acknowledged)

    def _bury_first(self, head: Pending, attempt: WebhookAttempt, then: OnAck) -> None:
        if attempt.outcome is not AttemptOutcome.EXHAUSTED:
            then(0)
            return
        error = InvalidRecord(f"given up after try {attempt.attempt}: {attempt.error_class}", error_class="exhausted")
        self._writer.bury(head, error, self._clock.now_us(), then)

    def _park(self, write: Write, *, of_try: bool) -> None:
        progress = self.progress.get(write.partition)

        def acknowledged(_: int) -> None:
            if progress:
                progress.parked_written(write.offset, of_try)

        self._writer.park(write, acknowledged)
