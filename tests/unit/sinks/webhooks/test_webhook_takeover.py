"""What a new owner of a partition makes of what was left: parked first, nothing that is settled, tries remembered."""

from dataclasses import replace

from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.dispatch.attempt import attempt_of
from sinks.webhooks.dispatch.progress import Progress
from sinks.webhooks.dispatch.takeover import LeftBehind, take_over
from sinks.webhooks.endpoints.retry_policy import Answer, RetryPolicy
from sinks.webhooks.endpoints.terms import Terms
from sinks.webhooks.log.parked import park, unpark
from tests.fakes.pending_deliveries import pending

TERMS = Terms(RetryPolicy((5.0,), 10))
OK, BROKEN = Answer(204, "", 1), Answer(500, "http_5xx", 1)
LEFT = LeftBehind(partition=0, start=3, attempts_end=9, noted=frozenset({5}), parked=[], attempts=[])


def parked(offset: int, attempts: int = 0):
    record = park(pending(0, offset, attempts=attempts), None, 0).record
    assert record is not None
    return record


def tried(offset: int, answer: Answer):
    return attempt_of(pending(0, offset), answer, TERMS, 0, 0)


def test_parked_ones_come_in_order_of_offset_and_are_not_read_again() -> None:
    """The parking is read in order of keys' last change, which says nothing."""
    taken = take_over(replace(LEFT, parked=[parked(7), parked(1, attempts=2)]))
    assert [(place.offset, place.attempts) for place in taken.parked] == [(1, 2), (7, 0)]
    assert taken.settled >= {5, 7}


def test_a_try_whose_outcome_is_on_the_log_is_not_made_again() -> None:
    """Delivered ones are settled, parked or not; what stayed in the parking for lack of a tombstone gets it now."""
    taken = take_over(replace(LEFT, parked=[parked(1)], attempts=[tried(1, OK), tried(4, OK)]))
    assert taken.parked == []
    assert 4 in taken.settled
    assert taken.writes == [unpark(0, 1)]


def test_a_failed_try_that_was_not_parked_yet_counts() -> None:
    """The next one is due when it would have been."""
    failed = tried(4, BROKEN)
    assert failed.outcome is AttemptOutcome.RETRY
    taken = take_over(replace(LEFT, parked=[parked(1)], attempts=[tried(1, BROKEN), failed]))
    assert taken.tried[4] == (1, failed.next_attempt_at_us)
    assert taken.parked[0].attempts == 1


def test_what_is_known_to_be_settled_stays_known_though_it_was_not_read_again() -> None:
    """A partition may move on before its new owner has read that far."""
    progress = Progress()
    progress.start(3, 9, {1, 4, 8})
    assert progress.take(3)
    assert not progress.take(4)
    first = progress.commit()
    following = Progress()
    following.start(first.deliveries or 0, 9, {4, 8})
    assert (first.deliveries, first.attempts) == (3, 9)
    assert following.commit() == first


def test_the_place_on_the_attempts_waits_for_what_a_try_changed_in_the_parking() -> None:
    """Whichever of the two the broker acknowledges first."""
    failed = tried(3, BROKEN)
    progress = Progress()
    progress.start(3, 9, ())
    progress.take(3)
    progress.attempt_written(9, failed, with_write=True)
    assert (progress.commit().deliveries, progress.commit().attempts) == (3, 9)
    progress.parked_written(3, of_try=True)
    assert (progress.commit().deliveries, progress.commit().attempts) == (4, 10)
    progress.parked_written(3, of_try=True)
    progress.attempt_written(10, failed, with_write=True)
    assert progress.commit().attempts == 11
