"""What a new owner of a partition makes of what the last one left. Pure.

Parked ones come first, in order of offset; then the deliveries from the committed offset on, but for those that the
commit's note, the parking or the attempts since the commit say are settled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.events import WebhookAttempt, WebhookParked
from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.dispatch.attempt import SETTLED
from sinks.webhooks.log.parked import ParkedPlace, Write, parked_place, unpark

AGAIN = {AttemptOutcome.RETRY, AttemptOutcome.HELD}


@dataclass(frozen=True)
class LeftBehind:
    """`attempts` are those from the committed place on; `noted` comes from the commit of `start`."""

    partition: int
    start: int
    attempts_end: int
    noted: frozenset[int]
    parked: Sequence[WebhookParked]
    attempts: Sequence[WebhookAttempt]


@dataclass(frozen=True)
class TakeOver:
    """`settled`: offsets from `start` on that are not to be tried. `tried`: (tries, due) of others. `writes`: repairs."""

    parked: Sequence[ParkedPlace]
    settled: frozenset[int]
    tried: Mapping[int, tuple[int, int]]
    writes: Sequence[Write]


def take_over(left: LeftBehind) -> TakeOver:
    done = {attempt.delivery_offset for attempt in left.attempts if attempt.outcome in SETTLED}
    tried = {
        attempt.delivery_offset: (attempt.attempt, attempt.next_attempt_at_us or 0)
        for attempt in left.attempts
        if attempt.outcome in AGAIN
    }
    places = sorted((parked_place(left.partition, record) for record in left.parked), key=lambda place: place.offset)
    waiting = [_with_tries(place, tried) for place in places if place.offset not in done]
    ahead = {place.offset for place in places if place.offset >= left.start}
    return TakeOver(
        parked=waiting,
        settled=left.noted | frozenset(done) | frozenset(ahead),
        tried=tried,
        writes=[unpark(left.partition, place.offset) for place in places if place.offset in done],
    )


def _with_tries(place: ParkedPlace, tried: Mapping[int, tuple[int, int]]) -> ParkedPlace:
    attempts, due_us = tried.get(place.offset, (0, 0))
    return replace(place, attempts=attempts, due_us=due_us) if attempts > place.attempts else place
