"""Whatever receivers answer, whenever processes die and partitions move: every lane in order, nothing lost, bounds kept."""

import zlib
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.vocabulary import Ordering
from sinks.webhooks.endpoints.retry_policy import SECOND_US, Answer, RetryPolicy
from sinks.webhooks.endpoints.terms import Terms
from sinks.webhooks.log.parked import newest
from tests.fakes.delivery_world import DAY_US, FAILURES, OK, POLICY, Process, World

ENDPOINTS, BOTS = 4, 5
TERMS = Terms(RetryPolicy((5.0, 30.0, 120.0), 60))


def moody(seed: int) -> Callable[[str, int], Answer]:
    """Each endpoint has good and bad minutes of its own; one never fails."""

    def receives(endpoint_id: str, now_us: int) -> Answer:
        minute = zlib.crc32(f"{seed}{endpoint_id}{now_us // (60 * SECOND_US)}".encode())
        if endpoint_id == "ep_0" or minute % 3:
            return OK
        return FAILURES[minute // 3 % len(FAILURES)]

    return receives


def live(world: World, steps: int, *, deaths: bool = True) -> None:
    """Some hours in the life of the log: everything that may happen happens in any order."""
    chance = world.chance
    doings: list[tuple[int, Callable[[Process], None]]] = [
        (30, lambda _: produce_some(world)),
        (15, lambda process: process.poll(chance.choice([1, 10, 100]))),
        (20, lambda process: process.start()),
        (15, lambda process: process.answer(chance.randrange(2**20))),
        (8, lambda process: process.flush(chance.choice([1, 5, 1000]))),
        (4, lambda process: process.commit()),
        (4, lambda _: world.wait(chance.choice([0.01, 1.0, 6.0, 45.0, 600.0]))),
        (2 if deaths else 0, lambda _: world.kill(chance.randrange(len(world.processes)))),
        (2, lambda _: world.move(chance.randrange(len(world.partitions)))),
    ]
    weights, what = zip(*doings, strict=True)
    for doing in chance.choices(what, weights, k=steps):
        doing(chance.choice(world.processes))


def produce_some(world: World) -> None:
    for _ in range(world.chance.randint(1, 12)):
        world.produce(f"ep_{world.chance.randrange(ENDPOINTS)}", f"bot_{world.chance.randrange(BOTS)}")


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), steps=st.integers(20, 400))
def test_any_history_keeps_every_lane_in_order_and_loses_nothing(seed: int, steps: int) -> None:
    """In the end every delivery has arrived, nothing is parked, and everything is committed."""
    world = World(seed, moody(seed), terms=TERMS)
    live(world, steps)
    world.drain()
    assert world.lost() == set()
    assert not list(world.given_up())
    assert world.lanes_out_of_order() == 0
    assert world.most_under_way <= TERMS.concurrency
    for partition in world.partitions:
        assert newest(partition.parked) == {}
        assert (partition.start, partition.note) == (len(partition.deliveries), "")
        assert partition.attempts_start == len(partition.attempts)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_without_deaths_only_the_receivers_cause_repeats(seed: int) -> None:
    """Partitions that move as they should cost nothing but tries that were broken off."""
    world = World(seed, moody(seed), terms=TERMS, processes=1, partitions=1)
    live(world, 300, deaths=False)
    world.drain()
    dropped = sum(a.error_class == "reset" for p in world.partitions for a in p.attempts)
    broken_off = (
        len(world.received) - sum(200 <= a.status < 300 for p in world.partitions for a in p.attempts) - dropped
    )
    assert world.duplicates <= dropped + broken_off


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), hold=st.booleans(), ordering=st.sampled_from([Ordering.BOT, Ordering.NONE]))
def test_what_is_given_up_is_on_the_record_and_the_rest_arrives(seed: int, hold: bool, ordering: Ordering) -> None:
    """Few tries, so that some are given up; with `hold` none is, and the lane waits until the endpoint is well."""
    terms = replace(TERMS, policy=RetryPolicy((5.0,), 2), hold=hold, ordering=ordering)
    world = World(seed, moody(seed), terms=terms)
    live(world, 200)
    world.drain()
    assert world.lost() == set()
    assert not (hold and list(world.given_up()))
    assert ordering is Ordering.NONE or world.lanes_out_of_order() == 0
    assert all(newest(partition.parked) == {} for partition in world.partitions)


def test_a_receiver_that_was_down_for_a_day_gets_everything_in_order() -> None:
    """By the default schedule: parked meanwhile, offsets committed, other endpoints unharmed, nothing given up."""
    day_us = DAY_US

    def receives(endpoint_id: str, now_us: int) -> Answer:
        return Answer(0, "connect_refused", 1) if endpoint_id == "ep_1" and now_us < day_us else OK

    world = World(1, receives, terms=Terms(POLICY))
    for number in range(2000):
        world.produce(f"ep_{number % 2}", f"bot_{number // 2 % BOTS}")
        if number % 10 == 0:
            world.step()
            world.wait(5)
    for _ in range(30):
        world.step()
    for process in world.processes:
        process.commit()
    assert all(partition.start == len(partition.deliveries) for partition in world.partitions), "nothing is pinned"
    assert sum(d.endpoint_id == "ep_0" for d in world.received) >= 1000
    world.kill(0)
    world.drain()
    assert (world.lost(), world.lanes_out_of_order(), list(world.given_up())) == (set(), 0, [])
    assert day_us <= world.now_us <= 2 * day_us


def test_retrying_without_blocking_the_lane_is_seen_as_disorder() -> None:
    """Negative control: every delivery a lane of its own, as with retry topics, and the check bites."""
    world = World(7, moody(7), terms=replace(TERMS, ordering=Ordering.NONE))
    live(world, 400)
    world.drain()
    assert world.lanes_out_of_order() > 0


def test_committing_on_receipt_is_seen_as_loss() -> None:
    """Negative control: offsets settled as soon as they are read, and a process that dies leaves holes."""
    world = World(7, moody(7), terms=TERMS)
    for process in world.processes:
        process.commits_on_receipt = True
    live(world, 400)
    world.drain()
    assert world.lost()


def test_of_parked_deliveries_only_offsets_are_kept() -> None:
    """Behind a dead endpoint bodies are let go; when it is back they are fetched again, in order."""
    parked = 4_000
    world = World(3, lambda _, now_us: OK if now_us > 3600 * SECOND_US else FAILURES[0], terms=TERMS, partitions=1)
    for number in range(parked):
        world.produce("ep_1", f"bot_{number % BOTS}")
        if number % 500 == 0:
            world.step()
            world.wait(1)
    world.step()
    traffic = world.processes[0].scheduler.traffic("ep_1")
    assert (traffic.unparked, traffic.parked) == (0, parked)
    assert sum(len(lane.loaded) for lane in traffic.lanes.values()) <= 16 * BOTS
    world.drain()
    assert (world.lost(), world.lanes_out_of_order()) == (set(), 0)
    assert world.fetches >= parked - 16 * BOTS
