"""Routing under anything: caps hold over any minute, one probe at a time, no session while circuits are open, fairness."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import BilledBy, Price, ProviderFailed
from stream_processors.transcription.routing.breaker import CircuitState
from stream_processors.transcription.routing.choice import Asker, Choice, Grant, Wait
from stream_processors.transcription.routing.jitter import chance, full_jitter_ms
from stream_processors.transcription.routing.quota import MINUTE_MS, Limits
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.sessions.bill import billed_ms, cost_micros
from stream_processors.transcription.sessions.pacing import BURST_SAMPLES, Pacer

CHOICES = (Choice("first"), Choice("second"), Choice("third"))
CLASSES = [c for c in SttErrorClass if c is not SttErrorClass.NONE]
MOVES = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from(["ask", "ask", "better", "answer", "close", *CLASSES]),
        st.floats(0, 20_000),
    ),
    max_size=80,
)


class Floor:
    """Twelve streams of four bots that open and lose sessions."""

    def __init__(self) -> None:
        self.router = Router({"first": Limits(sessions=3, new_per_minute=5), "second": Limits(sessions=4)})
        self.routes = [Route(self.router, CHOICES, Asker(f"bot_{n % 4}", f"s{n}"), "seed") for n in range(12)]
        self.open: dict[int, Grant] = {}
        self.opened: list[Grant] = []
        self.now_ms = 0.0

    def move(self, number: int, what: str, later_ms: float) -> None:
        self.now_ms += later_ms
        route, grant = self.routes[number], self.open.get(number)
        if what == "ask" and grant is None:
            asked = route.ask(self.now_ms)
            if isinstance(asked, Wait):
                assert asked.until_ms > self.now_ms
            else:
                self.take(number, asked)
        elif what == "better" and grant:
            better = route.ask_better(grant, self.now_ms)
            if better:
                assert CHOICES.index(better.choice) < CHOICES.index(grant.choice)
                route.closed(grant, self.now_ms)
                self.take(number, better)
        elif what == "answer" and grant:
            route.answered(grant, self.now_ms)
        elif what == "close" and grant:
            route.closed(self.open.pop(number), self.now_ms)
        elif what in CLASSES and grant:
            failure = ProviderFailed(SttErrorClass(what), "x")
            route.failed(self.open.pop(number), failure, self.now_ms, answered=later_ms > 1_000)

    def take(self, number: int, grant: Grant) -> None:
        self.open[number] = grant
        self.opened.append(grant)

    def count(self, choice: Choice) -> int:
        return sum(grant.choice == choice for grant in self.open.values())


@given(MOVES)
def test_caps_hold_whatever_happens(moves: list[tuple[int, str, float]]) -> None:
    """Never more sessions than allowed, never more new ones within any minute, at most one probe of a provider."""
    floor = Floor()
    for move in moves:
        floor.move(*move)
        assert floor.count(CHOICES[0]) <= 3
        assert floor.count(CHOICES[1]) <= 4
        probes = Counter(grant.choice for grant in floor.open.values() if grant.probes)
        for choice, many in probes.items():
            if floor.router.state(choice, floor.now_ms) is CircuitState.HALF_OPEN:
                assert many <= 1
    opened = [grant.granted_at_ms for grant in floor.opened if grant.choice == CHOICES[0]]
    for i, at_ms in enumerate(opened):
        assert sum(at_ms - MINUTE_MS < other <= at_ms for other in opened[: i + 1]) <= 5


@given(MOVES)
def test_no_session_is_opened_through_an_open_circuit(moves: list[tuple[int, str, float]]) -> None:
    """While a circuit is open nobody gets leave; when its time is over, only as a probe."""
    floor = Floor()
    for number, what, later_ms in moves:
        states = {c: floor.router.state(c, floor.now_ms + later_ms) for c in CHOICES}
        before = len(floor.opened)
        floor.move(number, what, later_ms)
        for grant in floor.opened[before:]:
            assert states[grant.choice] is not CircuitState.OPEN
            assert grant.probes == (states[grant.choice] is CircuitState.HALF_OPEN)


@given(MOVES)
def test_everybody_gets_a_session_in_the_end(moves: list[tuple[int, str, float]]) -> None:
    """Whatever happened before: when nothing fails any more, every stream that asks when told to is served."""
    floor = Floor()
    for move in moves:
        floor.move(*move)
    for number in list(floor.open):
        floor.move(number, "close", 0)
    for number in range(12):
        for _ in range(50):
            asked = floor.routes[number].ask(floor.now_ms)
            if isinstance(asked, Grant):
                floor.routes[number].answered(asked, floor.now_ms)
                floor.routes[number].closed(asked, floor.now_ms)
                break
            floor.now_ms = max(floor.now_ms + 1, asked.until_ms)
        else:
            raise AssertionError(f"stream {number} waits for ever")


@settings(deadline=None)
@given(st.integers(2, 5), st.integers(1, 6), st.integers(2, 5))
def test_places_are_shared_among_bots(bots: int, cap: int, speakers: int) -> None:
    """Every speaker of every bot wants a session, all the time: a place never goes to a bot while one with fewer waits,
    and every speaker gets one in the end.
    """
    router = Router({"only": Limits(sessions=cap)})
    keys = [(bot, n) for bot in range(bots) for n in range(speakers)]
    routes = {key: Route(router, [Choice("only")], Asker(f"bot_{key[0]}", f"s{key[1]}"), "seed") for key in keys}
    held: dict[tuple[int, int], Grant] = {}
    served: set[tuple[int, int]] = set()
    waiting: set[int] = set()
    for turn in range(4 * bots * speakers):
        for key, route in routes.items():
            if key in held:
                continue
            having = Counter(bot for bot, _ in held)
            asked = route.ask(turn * 100.0)
            if isinstance(asked, Grant):
                assert all(having[key[0]] <= having[other] for other in waiting)
                held[key] = asked
                served.add(key)
        waiting = {bot for bot, n in keys if (bot, n) not in held}
        oldest = min(held, key=lambda each: held[each].granted_at_ms)
        routes[oldest].closed(held.pop(oldest), turn * 100.0)
    assert served == set(keys)


@given(
    st.floats(1.0, 4.0),
    st.lists(st.tuples(st.floats(0, 3_000), st.integers(0, 500_000)), max_size=60),
)
def test_audio_that_was_kept_back_keeps_the_pace(pace: float, offers: list[tuple[float, int]]) -> None:
    """Over any stretch of time no more is sent than pace times the clock, and the second that may come at once."""
    pacer, now, sent = Pacer(pace, 0.0), 0.0, []
    for later_ms, samples in offers:
        now += later_ms
        allowed = pacer.allowed(samples, now)
        assert 0 <= allowed <= samples
        pacer.sent(allowed)
        sent.append((now, allowed))
    for i, (start, _) in enumerate(sent):
        for j in range(i, len(sent)):
            total = sum(samples for _, samples in sent[i : j + 1])
            assert total <= BURST_SAMPLES + pace * 48 * (sent[j][0] - start) + 1


@given(st.lists(st.integers(0, 400), min_size=1, max_size=100))
def test_live_audio_flows_at_once(delays_ms: list[int]) -> None:
    """At the smallest pace there is, a preroll and chunks that come up to 400 ms late are never held back."""
    pacer, position, sent = Pacer(1.0, 0.0), 14_400, 0
    now = 0.0
    for i, delay in enumerate(delays_ms):
        now = max(now, i * 100.0 + delay)
        position = 14_400 + (i + 1) * 4_800
        allowed = pacer.allowed(position - sent, now)
        pacer.sent(allowed)
        sent += allowed
        assert sent == position


def test_catching_up_takes_what_the_pace_says() -> None:
    """A minute that was kept back, at twice real time: half a minute, less the second that goes at once."""
    pacer, left, now = Pacer(2.0, 0.0), 60 * 48_000, 0.0
    while left:
        allowed = pacer.allowed(left, now)
        pacer.sent(allowed)
        left -= allowed
        now = max(now + 1, pacer.next_ms()) if left else now
    assert 29_000 <= now <= 29_600


@given(st.integers(1, 40), st.text(max_size=5), st.integers(0, 1_000))
def test_waits_are_jittered_within_their_bounds(failures: int, stream: str, number: int) -> None:
    """Never under 250 ms, never over 10 s, the same for the same names."""
    luck = chance("seed", stream, number)
    assert 0 <= luck < 1
    assert luck == chance("seed", stream, number)
    assert 250 <= full_jitter_ms(failures, luck) <= min(10_000, 1_000 * 2 ** min(failures, 20))


@given(st.integers(0, 10**12), st.floats(0, 10**9), st.integers(0, 10**7))
def test_a_bill_counts_what_the_provider_counts(samples: int, open_ms: float, micros: int) -> None:
    """Audio, or the open session, or nothing; never less for more."""
    audio = Price(BilledBy.AUDIO_SENT, micros)
    assert billed_ms(audio, samples, open_ms) == samples // 48
    assert billed_ms(Price(BilledBy.SESSION_OPEN, micros), samples, open_ms) == int(open_ms)
    assert billed_ms(Price(), samples, open_ms) == 0
    assert abs(cost_micros(audio, samples // 48) - (samples // 48) * micros / 3_600_000) <= 1
