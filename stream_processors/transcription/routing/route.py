"""One stream's way through its ordered list of providers.

    fatal            the next provider at once; the circuit is open for everybody
    throttled        the next provider at once; this one again when it said, or after a while
    transient        the same provider once more after a jittered wait, then the next one at once
    planned_expiry   the same provider at once; nothing is wrong with it

A provider that failed this stream twice is left out for a wait that grows with every failure in a row. A result forgives
them, if its session is more than five seconds old: one that dies young proves nothing. A new session begins at the top
of the list again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import ProviderFailed
from stream_processors.transcription.routing.breaker import YOUNG_MS
from stream_processors.transcription.routing.choice import Asker, Choice, Grant, Wait
from stream_processors.transcription.routing.jitter import chance, full_jitter_ms
from stream_processors.transcription.routing.router import Alarm, Router


@dataclass(slots=True)
class Record:
    """How one provider has treated this stream: failures in a row, and when it may be asked again."""

    failures: int = 0
    not_before_ms: float = float("-inf")


class Route:
    """`seed` makes the waits of this stream its own; `choices` is the bot's list, the best first."""

    def __init__(self, router: Router, choices: Sequence[Choice], asker: Asker, seed: str) -> None:
        self._router = router
        self._choices = tuple(choices)
        self._asker = asker
        self._seed = seed
        self._records = {choice: Record() for choice in self._choices}
        self._once_more: Choice | None = None
        self._waits = 0
        self._told_revision = 0

    @property
    def news(self) -> bool:
        """Whether an alarm may have begun or ended since `alarms` was last called."""
        return self._told_revision != self._router.revision

    def ask(self, now_ms: float) -> Grant | Wait:
        """Leave to open a session, or when to ask again."""
        if self._once_more and now_ms < self._records[self._once_more].not_before_ms:
            return Wait(self._records[self._once_more].not_before_ms)
        self._once_more = None
        ready = [choice for choice in self._choices if self._records[choice].not_before_ms <= now_ms]
        asked = self._router.ask(self._asker, ready, now_ms)
        if isinstance(asked, Grant):
            return asked
        later = [record.not_before_ms for record in self._records.values() if record.not_before_ms > now_ms]
        return Wait(min([asked.until_ms, *later]))

    def ask_better(self, than: Grant, now_ms: float) -> Grant | None:
        """Leave to open a session with a provider before the present one on the list, when there is one to be had."""
        before = self._choices[: self._choices.index(than.choice)]
        ready = [choice for choice in before if self._records[choice].not_before_ms <= now_ms]
        if not ready or not self._router.may_be_tried(ready, now_ms):
            return None
        asked = self._router.ask(self._asker, ready, now_ms)
        return asked if isinstance(asked, Grant) else None

    def answered(self, grant: Grant, now_ms: float) -> None:
        """A session gave a result."""
        self._router.answered(grant, now_ms)
        if now_ms - grant.granted_at_ms >= YOUNG_MS:
            self._records[grant.choice] = Record()

    def closed(self, grant: Grant, now_ms: float) -> None:
        """We closed a session."""
        self._router.over(grant, now_ms)

    def failed(self, grant: Grant, failure: ProviderFailed, now_ms: float, *, answered: bool) -> None:
        """A session died; `answered`: it had given a result."""
        self._router.over(grant, now_ms, failure, answered=answered)
        record = self._records[grant.choice]
        if failure.error_class is SttErrorClass.PLANNED_EXPIRY:
            return
        record.failures += 1
        record.not_before_ms = now_ms + self._wait_ms(failure, record.failures)
        once = record.failures == 1 and failure.error_class in (SttErrorClass.TRANSIENT, SttErrorClass.UNKNOWN)
        self._once_more = grant.choice if once else None

    def alarms(self) -> list[Alarm]:
        """Alarms this stream is to write down, for its bot."""
        self._told_revision = self._router.revision
        return self._router.alarms(self._asker.bot_id, self._choices)

    def _wait_ms(self, failure: ProviderFailed, failures: int) -> float:
        if failure.error_class is SttErrorClass.THROTTLED and failure.retry_after_ms is not None:
            return float(failure.retry_after_ms)
        self._waits += 1
        return full_jitter_ms(failures, chance(self._seed, self._asker.stream, self._waits))
