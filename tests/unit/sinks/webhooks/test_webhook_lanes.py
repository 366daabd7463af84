"""Lanes by example: order, retries, giving up, limits, dropping."""

from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.lanes import Lanes
from sinks.webhooks.retry_policy import Answer, RetryPolicy
from tests.fakes.pending_deliveries import pending

OK = Answer(200, "", 7)
BROKEN = Answer(500, "http_5xx", 7, "oh")
SECOND_US = 1_000_000


def lanes(concurrency: int = 8) -> Lanes:
    return Lanes(RetryPolicy((1.0, 10.0), 3), concurrency=concurrency)


def test_only_the_head_of_a_lane_is_due() -> None:
    """The second delivery of a bot waits for the first, whatever its own time; other bots do not."""
    ours = lanes()
    for one in (pending(0, 0), pending(0, 1), pending(1, 0)):
        ours.push(one)
    assert [(head.delivery.bot_id, head.delivery.sequence) for head in ours.due(0)] == [("bot_0", 0), ("bot_1", 0)]
    assert ours.due(0) == []


def test_a_failed_head_holds_its_lane_until_its_next_try() -> None:
    """The same delivery is due again after the wait; the one behind it is not tried before."""
    ours = lanes()
    ours.push(pending(0, 0))
    ours.push(pending(0, 1))
    [head] = ours.due(0)
    attempt = ours.answered(head, BROKEN, 5, SECOND_US)
    ours.move_on(head, attempt)
    assert (attempt.attempt, attempt.outcome, attempt.status) == (1, AttemptOutcome.RETRY, 500)
    assert (attempt.occurred_at_us, attempt.response_snippet) == (5, "oh")
    assert ours.next_due_us == attempt.next_attempt_at_us
    assert ours.due(SECOND_US) == []
    [again] = ours.due(attempt.next_attempt_at_us or 0)
    assert (again.delivery.sequence, again.attempts) == (0, 1)


def test_after_the_last_try_the_lane_goes_on() -> None:
    """A restored delivery's earlier tries count."""
    ours = lanes()
    ours.push(pending(0, 0, attempts=2))
    ours.push(pending(0, 1))
    [head] = ours.due(0)
    attempt = ours.answered(head, BROKEN, 0, 0)
    ours.move_on(head, attempt)
    assert (attempt.attempt, attempt.outcome, attempt.next_attempt_at_us) == (3, AttemptOutcome.EXHAUSTED, None)
    assert [head.delivery.sequence for head in ours.due(0)] == [1]


def test_a_try_broken_off_is_made_again() -> None:
    """It left no record, so it does not count as one."""
    ours = lanes()
    ours.push(pending(0, 0))
    [head] = ours.due(0)
    ours.move_on(head, None)
    assert ours.due(0) == [head]


def test_dropped_partitions_are_forgotten_and_their_places_given_back() -> None:
    """A try of a dropped lane that ends later moves nothing, not even a new lane of the same bot."""
    ours = lanes(concurrency=1)
    ours.push(pending(0, 0))
    [head] = ours.due(0)
    ours.drop({0})
    assert len(ours) == 0
    ours.push(pending(0, 0))
    assert ours.next_due_us is None
    ours.move_on(head, ours.answered(head, OK, 0, 0))
    assert len(ours) == 1
    assert [again.delivery.sequence for again in ours.due(0)] == [0]


def test_no_more_tries_than_places() -> None:
    """The longest due goes first."""
    ours = lanes(concurrency=1)
    ours.push(pending(0, 0, due_us=5))
    ours.push(pending(1, 0, due_us=3))
    assert [head.delivery.bot_id for head in ours.due(10)] == ["bot_1"]
    assert ours.next_due_us is None
