"""Breaker and throttle by example: how hard one endpoint is pressed."""

from sinks.webhooks.endpoints.retry_policy import SECOND_US
from sinks.webhooks.lanes.breaker import BAD_ANSWERS_TO_OPEN, FAILURES_TO_OPEN, FIRST_OPEN_US, Breaker, State
from sinks.webhooks.lanes.throttle import Throttle


def opened(now_us: int = 0) -> Breaker:
    breaker = Breaker("ep_1")
    for _ in range(FAILURES_TO_OPEN):
        breaker.answered(False, True, now_us)
    return breaker


def test_some_failures_in_a_row_open_the_breaker_and_a_delivery_between_them_does_not() -> None:
    """One delivery that an endpoint never likes says nothing about the endpoint."""
    breaker = Breaker("ep_1")
    for _ in range(3 * FAILURES_TO_OPEN):
        assert not breaker.answered(False, True, 0) or breaker.state is State.OPEN
        breaker.answered(True, False, 0)
    assert breaker.state is State.CLOSED
    assert opened().state is State.OPEN


def test_an_open_breaker_lets_one_probe_through_when_its_time_comes() -> None:
    """Nothing else starts while the probe is under way; its success closes the breaker."""
    breaker = opened()
    ready_us = breaker.ready_us
    assert ready_us is not None
    assert 0.8 * FIRST_OPEN_US <= ready_us <= 1.2 * FIRST_OPEN_US
    breaker.started()
    assert breaker.ready_us is None
    breaker.answered(True, False, ready_us)
    assert (breaker.state, breaker.ready_us) == (State.CLOSED, 0)


def test_a_probe_that_fails_opens_the_breaker_for_longer() -> None:
    """Twice as long each time, up to 64 times the first."""
    breaker, now_us, waits = opened(), 0, []
    for _ in range(10):
        now_us = breaker.ready_us or 0
        breaker.started()
        breaker.answered(False, True, now_us)
        waits.append((breaker.ready_us or 0) - now_us)
    assert waits[0] < waits[2] < waits[4]
    assert waits[-1] <= 64 * 1.2 * FIRST_OPEN_US


def test_a_probe_broken_off_may_be_made_again() -> None:
    """A process that gives a partition up has not learnt anything about the endpoint."""
    breaker = opened()
    breaker.started()
    breaker.broken_off()
    assert breaker.ready_us is not None


def test_answers_that_refuse_a_delivery_open_the_breaker_late() -> None:
    """Some lanes' heads may be what the endpoint does not like; it is up, and other lanes shall not wait for it."""
    breaker = Breaker("ep_1")
    opened_after = [breaker.answered(False, False, 0) for _ in range(BAD_ANSWERS_TO_OPEN)]
    assert opened_after == [False] * (BAD_ANSWERS_TO_OPEN - 1) + [True]


def test_overload_halves_the_places_and_deliveries_bring_them_back() -> None:
    """Down to one, never less; up to what the endpoint allows, never more."""
    throttle = Throttle(8, None)
    places = []
    for _ in range(5):
        throttle.answered(delivered=False, overloaded=True)
        places.append(throttle.places)
    assert places == [4, 2, 1, 1, 1]
    for _ in range(100):
        throttle.answered(delivered=True, overloaded=False)
    assert throttle.places == 8
    throttle.answered(delivered=False, overloaded=False)
    assert throttle.places == 8


def test_a_rate_lets_a_seconds_worth_through_and_then_one_after_the_other() -> None:
    """Tokens come back with time."""
    throttle, now_us, started = Throttle(8, 5.0), 10 * SECOND_US, 0
    while throttle.ready_us(now_us) <= now_us:
        throttle.started(now_us)
        started += 1
    assert started == 5
    next_us = throttle.ready_us(now_us)
    assert now_us < next_us <= now_us + SECOND_US // 5 + 2
    throttle.started(next_us)
    assert throttle.ready_us(next_us) > next_us
