"""Which provider is asked, and when: one table for each part of the routing."""

import pytest

from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import ProviderFailed
from stream_processors.transcription.routing.breaker import Circuit
from stream_processors.transcription.routing.choice import Asker, Choice, Grant, Wait
from stream_processors.transcription.routing.quota import Limits, Quota
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.routing.router import Router

FIRST, SECOND = Choice("first"), Choice("second")
FATAL = ProviderFailed(SttErrorClass.FATAL, "401", "set the key")
THROTTLED = ProviderFailed(SttErrorClass.THROTTLED, "429", retry_after_ms=7_000)
TRANSIENT = ProviderFailed(SttErrorClass.TRANSIENT, "1006")
EXPIRED = ProviderFailed(SttErrorClass.PLANNED_EXPIRY, "3008")
ME = Asker("bot_1", "s1")


def route(router: Router, stream: str = "s1", bot: str = "bot_1") -> Route:
    return Route(router, (FIRST, SECOND), Asker(bot, stream), "seed")


def granted(asked: Grant | Wait) -> Grant:
    assert isinstance(asked, Grant), f"wait until {asked.until_ms}"
    return asked


def wait(asked: Grant | Wait) -> float:
    assert isinstance(asked, Wait), f"granted {asked.choice}"
    return asked.until_ms


@pytest.mark.parametrize(
    ("failure", "provider", "earliest_ms", "latest_ms"),
    [
        (FATAL, "second", 0, 0),
        (THROTTLED, "second", 0, 0),
        (TRANSIENT, "first", 250, 2_000),
        (ProviderFailed(SttErrorClass.UNKNOWN, "?"), "first", 250, 2_000),
        (EXPIRED, "first", 0, 0),
    ],
)
def test_every_error_class_has_its_reaction(
    failure: ProviderFailed, provider: str, earliest_ms: float, latest_ms: float
) -> None:
    """Who is asked next after a session that lived for a minute, and how long that waits."""
    mine = route(Router())
    first = granted(mine.ask(0))
    mine.failed(first, failure, 60_000, answered=True)
    asked = mine.ask(60_000)
    waits_ms = 0.0 if isinstance(asked, Grant) else asked.until_ms - 60_000
    assert earliest_ms <= waits_ms <= latest_ms
    assert granted(mine.ask(60_000 + waits_ms)).choice.provider == provider


def test_a_second_failure_goes_to_the_next_provider_at_once() -> None:
    """One retry, not two; a new session begins at the top of the list when the wait is over."""
    mine = route(Router())
    mine.failed(granted(mine.ask(0)), TRANSIENT, 60_000, answered=True)
    again = granted(mine.ask(62_000))
    assert again.choice == FIRST
    mine.failed(again, TRANSIENT, 130_000, answered=True)
    assert granted(mine.ask(130_000)).choice == SECOND
    assert granted(mine.ask(150_000)).choice == FIRST


def test_a_session_that_dies_young_forgives_nothing() -> None:
    """It answered, but within five seconds: the failure after it is the second in a row, not the first."""
    mine = route(Router())
    mine.failed(granted(mine.ask(0)), TRANSIENT, 60_000, answered=True)
    young = granted(mine.ask(62_000))
    mine.answered(young, 63_000)
    mine.failed(young, TRANSIENT, 64_000, answered=True)
    assert granted(mine.ask(64_000)).choice == SECOND


def test_a_session_that_lived_forgives() -> None:
    """A result after five seconds: the next failure is the first again."""
    mine = route(Router())
    mine.failed(granted(mine.ask(0)), TRANSIENT, 60_000, answered=True)
    lived = granted(mine.ask(62_000))
    mine.answered(lived, 68_000)
    mine.failed(lived, TRANSIENT, 90_000, answered=True)
    assert wait(mine.ask(90_000)) >= 90_250


def death(circuit: Circuit, failure: ProviderFailed, now_ms: float, age_ms: float, *, answered: bool) -> None:
    grant = Grant(FIRST, ME, now_ms - age_ms)
    circuit.granted(grant)
    circuit.failed(grant, failure, now_ms, answered=answered)


@pytest.mark.parametrize(
    ("failure", "age_ms", "answered", "deaths", "open_ms", "alarm"),
    [
        (FATAL, 60_000, True, 1, 600_000, True),
        (THROTTLED, 100, False, 1, 7_000, False),
        (THROTTLED, 100, False, 3, 7_000, True),
        (TRANSIENT, 100, False, 2, None, False),
        (TRANSIENT, 100, False, 3, 5_000, True),
        (TRANSIENT, 4_999, True, 3, 5_000, True),
        (TRANSIENT, 60_000, False, 3, 5_000, True),
        (TRANSIENT, 60_000, True, 20, None, False),
        (EXPIRED, 100, False, 20, None, False),
    ],
)
def test_what_opens_a_circuit(
    failure: ProviderFailed, age_ms: float, answered: bool, deaths: int, open_ms: float | None, alarm: bool
) -> None:
    """So many deaths of this kind, at 100 s: for how long it is open, and whether people are told."""
    circuit = Circuit()
    for _ in range(deaths):
        death(circuit, failure, 100_000, age_ms, answered=answered)
    assert circuit.free_at_ms(100_000) == 100_000 + (open_ms or 0)
    assert (circuit.alarm is not None) is alarm


def test_a_stream_that_alone_fails_closes_nobody_out() -> None:
    """Another stream's session is answered between its failures: it waits by itself, longer each time."""
    router = Router()
    good, bad = route(router, "a"), Route(router, (FIRST,), Asker("bot_2", "b"), "seed")
    lives, now = granted(good.ask(0)), 0.0
    for _ in range(6):
        now = max(now + 100, wait(asked)) if isinstance(asked := bad.ask(now), Wait) else now
        bad.failed(granted(bad.ask(now)), TRANSIENT, now, answered=False)
        good.answered(lives, now)
    assert wait(bad.ask(now)) > now
    good.closed(lives, now)
    assert granted(good.ask(now)).choice == FIRST
    assert router.news() == []


def test_two_streams_that_fail_are_the_providers_trouble() -> None:
    """Whatever an old session says: new ones are refused."""
    router = Router()
    old, one, other = (route(router, stream, stream) for stream in "abc")
    lives = granted(old.ask(0))
    for each in (one, other, one):
        each.failed(Grant(FIRST, each._asker, 10_000), TRANSIENT, 10_000, answered=False)
        old.answered(lives, 10_000)
    assert granted(route(router, "d", "d").ask(10_100)).choice == SECOND
    assert [alarm.cause for alarm in router.news()] == [TRANSIENT]


def test_a_stream_that_is_alone_speaks_for_the_provider() -> None:
    """Nobody else was answered since its first failure."""
    router = Router()
    one = route(router)
    for _ in range(3):
        one.failed(Grant(FIRST, ME, 0), TRANSIENT, 0, answered=False)
    assert granted(route(router, "b", "b").ask(100)).choice == SECOND


def test_a_circuit_that_opens_again_stays_open_longer() -> None:
    """5 s, 10, 20, 40, then a minute each time; the alarm stands."""
    circuit, now = Circuit(), 0.0
    for _ in range(3):
        death(circuit, TRANSIENT, now, 0, answered=False)
    waits = []
    for _ in range(6):
        free = circuit.free_at_ms(now)
        waits.append(free - now)
        now = free
        probe = Grant(FIRST, ME, now, probes=True)
        circuit.granted(probe)
        circuit.failed(probe, TRANSIENT, now, answered=False)
    assert waits == [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]
    assert circuit.alarm == TRANSIENT


def test_one_stream_probes_and_the_others_stay_away_until_it_is_answered() -> None:
    """Half open: the first to ask tries it with its own audio; the second is sent to the fallback till a result came."""
    router = Router()
    one, other, third = (route(router, stream, bot) for stream, bot in (("a", "b1"), ("b", "b2"), ("c", "b3")))
    one.failed(granted(one.ask(0)), FATAL, 0, answered=False)
    assert granted(other.ask(599_999)).choice == SECOND
    probe = granted(one.ask(600_000))
    assert (probe.choice, probe.probes) == (FIRST, True)
    assert granted(third.ask(600_100)).choice == SECOND
    one.answered(probe, 600_400)
    assert granted(third.ask(600_500)).choice == FIRST


def test_a_probe_that_is_let_go_of_proves_nothing() -> None:
    """Its stream ended before an answer: the next one tries."""
    router = Router()
    one, other = route(router, "a"), route(router, "b", "bot_2")
    one.failed(granted(one.ask(0)), FATAL, 0, answered=False)
    one.closed(granted(one.ask(600_000)), 600_100)
    assert granted(other.ask(600_200)).probes


def test_what_an_older_session_says_does_not_close_the_circuit() -> None:
    """New sessions are refused while old ones go on: that is no recovery."""
    router = Router()
    old, new = route(router, "a"), route(router, "b", "bot_2")
    lives = granted(old.ask(0))
    new.failed(granted(new.ask(10_000)), THROTTLED, 10_000, answered=False)
    old.answered(lives, 10_500)
    assert granted(new.ask(10_600)).choice == SECOND


def test_when_nobody_can_be_had_the_wait_ends_with_the_first_circuit() -> None:
    """Nothing is opened meanwhile, so nothing is billed."""
    router = Router()
    mine = route(router)
    mine.failed(granted(mine.ask(0)), FATAL, 0, answered=False)
    mine.failed(granted(mine.ask(0)), THROTTLED, 0, answered=False)
    assert wait(mine.ask(1_000)) <= 7_000
    asked = mine.ask(6_999)
    assert isinstance(asked, Wait)
    assert granted(mine.ask(7_000)).choice == SECOND


def test_the_fallback_is_left_for_the_primary_when_that_may_be_tried() -> None:
    """`ask_better` gives leave for a provider further up the list, and for none further down."""
    router = Router()
    mine = route(router)
    mine.failed(granted(mine.ask(0)), FATAL, 0, answered=False)
    fallback = granted(mine.ask(0))
    assert mine.ask_better(fallback, 500_000) is None
    primary = mine.ask_better(fallback, 600_000)
    assert primary is not None
    assert primary.choice == FIRST
    assert mine.ask_better(primary, 600_001) is None


def test_a_bot_is_told_of_an_alarm_once_and_of_its_end_once() -> None:
    """Whichever of its streams comes first; another bot is told too."""
    router = Router()
    one, same_bot, other_bot = route(router, "a"), route(router, "b"), route(router, "a", "bot_2")
    one.failed(granted(one.ask(0)), FATAL, 0, answered=False)
    [alarm] = one.alarms()
    assert (alarm.choice, alarm.cause) == (FIRST, FATAL)
    assert same_bot.alarms() == []
    assert len(other_bot.alarms()) == 1
    assert not one.news
    probe = granted(one.ask(600_000))
    one.answered(probe, 600_100)
    assert one.news
    assert [alarm.cause for alarm in same_bot.alarms()] == [None]
    assert one.alarms() == []
    assert [(alarm.choice, alarm.cause) for alarm in router.news()] == [(FIRST, FATAL), (FIRST, None)]
    assert router.news() == []


def test_a_cap_on_sessions_sends_the_next_stream_to_the_fallback() -> None:
    """And a place that is given back is taken again."""
    router = Router({"first": Limits(sessions=1)})
    one, other = route(router, "a"), route(router, "b", "bot_2")
    taken = granted(one.ask(0))
    assert granted(other.ask(0)).choice == SECOND
    one.closed(taken, 100)
    assert granted(other.ask(200)).choice == FIRST


def test_places_go_to_the_bot_with_the_fewest() -> None:
    """A bot with many speakers does not shut out the one that wants its first session, though it asked before."""
    quota = Quota(Limits(sessions=3))
    for stream in ("a", "b", "c"):
        quota.take(Asker("big", stream), 0)
    big, small = Asker("big", "d"), Asker("small", "a")
    assert quota.free_at_ms(big, 100) > 100
    assert quota.free_at_ms(small, 200) > 200
    quota.give_back(Asker("big", "a"))
    assert quota.free_at_ms(big, 300) > 300
    assert quota.free_at_ms(small, 310) == 310
    quota.take(small, 310)
    assert quota.open == 3


def test_a_stream_that_asks_no_more_loses_its_turn() -> None:
    """Two seconds later the place is another's."""
    quota = Quota(Limits(sessions=1))
    quota.take(Asker("big", "a"), 0)
    gone, big = Asker("small", "a"), Asker("big", "b")
    assert quota.free_at_ms(gone, 0) > 0
    quota.give_back(Asker("big", "a"))
    assert quota.free_at_ms(big, 1_000) > 1_000
    assert quota.free_at_ms(big, 2_001) == 2_001


def test_new_sessions_in_a_minute_are_counted_over_any_minute() -> None:
    """Two in a minute: the third waits until the first is a minute old, however many were closed."""
    quota = Quota(Limits(new_per_minute=2))
    for at in (0.0, 10_000.0):
        assert quota.free_at_ms(ME, at) == at
        quota.take(ME, at)
        quota.give_back(ME)
    assert quota.free_at_ms(ME, 20_000) > 20_000
    assert quota.free_at_ms(ME, 59_900) == 60_000
    assert quota.free_at_ms(ME, 60_000) == 60_000
