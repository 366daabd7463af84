"""Under any answers at any times, a lane's deliveries are first tried in order, one at a time, and all get settled."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.lanes import Lanes
from sinks.webhooks.retry_policy import GONE, Answer, RetryPolicy
from tests.fakes.pending_deliveries import pending

POLICY = RetryPolicy((1.0, 10.0), 4)
ANSWERS = [Answer(200, "", 1), Answer(500, "http_5xx", 1), Answer(0, "timeout", 1), Answer(GONE, "http_4xx", 1)]


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    concurrency=st.integers(1, 3),
    answers=st.lists(st.sampled_from(ANSWERS), max_size=60),
    order=st.randoms(use_true_random=False),
)
def test_first_tries_are_in_order_and_everything_is_settled(
    counts: list[int], concurrency: int, answers: list[Answer], order: object
) -> None:
    """Answers come back in any order; never two tries of one lane, never more than the limit, none forgotten."""
    lanes = Lanes(POLICY, concurrency=concurrency)
    for bot, count in enumerate(counts):
        for sequence in range(count):
            lanes.push(pending(bot, sequence))
    now_us, under_way, first_tries, settled = 0, [], defaultdict(list), defaultdict(list)
    script = iter(answers)
    while len(lanes):
        under_way += lanes.due(now_us)
        assert len(under_way) <= concurrency
        assert len({head.delivery.bot_id for head in under_way}) == len(under_way)
        if not under_way:
            assert lanes.next_due_us is not None
            assert lanes.next_due_us > now_us
            now_us = lanes.next_due_us
            continue
        head = under_way.pop(order.randrange(len(under_way)))  # type: ignore[attr-defined]
        tried = first_tries[head.delivery.bot_id]
        if head.delivery.sequence not in tried:
            tried.append(head.delivery.sequence)
        attempt = lanes.answered(head, next(script, ANSWERS[0]), now_us, now_us)
        lanes.move_on(head, attempt)
        if attempt.outcome is not AttemptOutcome.RETRY:
            settled[head.delivery.bot_id].append(head.delivery.sequence)
        assert attempt.attempt <= POLICY.attempts
    for bot, count in enumerate(counts):
        assert first_tries[f"bot_{bot}"] == list(range(count))
        assert settled[f"bot_{bot}"] == list(range(count))
