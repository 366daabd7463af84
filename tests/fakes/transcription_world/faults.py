"""Everything that can go wrong in a world, by name; a fault that lasts says what ends it."""

from collections.abc import Callable, Sequence

from stream_processors.transcription.providers.interface import ProviderFailed
from tests.fakes.transcription_world.cloud import FAILURES, NAMES
from tests.fakes.transcription_world.world import World

End = Callable[[], object]
Fault = Callable[[World], End]


def _nothing() -> None:
    """The fault is over already."""


def session_dies(world: World) -> End:
    """A socket breaks, with any kind of error."""
    session = world.cloud.some_session()
    if session:
        session.die(world.luck.choice(FAILURES))
    return _nothing


def session_falls_silent(world: World) -> End:
    """Open, and says nothing any more."""
    session = world.cloud.some_session()
    if session:
        session.mute()
    return _nothing


def session_takes_nothing(world: World) -> End:
    """Its send buffer is full for ever."""
    session = world.cloud.some_session()
    if session:
        session.stuck = True
    return _nothing


def finals_are_odd(world: World) -> End:
    """Late, twice, after an empty one, shorter than the partials before."""
    for session in world.cloud.sessions:
        session.odd = True
    return _nothing


def provider_dies(world: World) -> End:
    """All its sessions at once, and no new ones for a while."""
    return _down(world, [world.luck.choice(NAMES[:2])], world.luck.choice(FAILURES[:3]))


def everybody_is_away(world: World) -> End:
    """No provider at all."""
    return _down(world, NAMES, world.luck.choice((FAILURES[0], FAILURES[2])))


def _down(world: World, names: list[str] | tuple[str, ...], failure: ProviderFailed) -> End:
    for session in list(world.cloud.sessions):
        if session.provider in names:
            session.die(failure)
    world.cloud.refuses |= dict.fromkeys(names, failure)
    return lambda: [world.cloud.refuses.pop(name, None) for name in names]


def worker_is_killed(world: World) -> End:
    """kill -9, and later another process in its place."""
    running = [node for node in world.nodes if not node.stopped]
    if running:
        world.kill(world.luck.choice(running))
    return lambda: (world.join(), world.rebalance())


def worker_is_stopped(world: World) -> End:
    """SIGSTOP: when it goes on it does not know that it was away."""
    running = [node for node in world.nodes if not node.stopped]
    if not running:
        return _nothing
    node = world.luck.choice(running)
    node.stopped = True

    def go_on() -> None:
        node.stopped = False

    return go_on


def worker_leaves(world: World) -> End:
    """SIGTERM, and later another one comes."""
    running = [node for node in world.nodes if not node.stopped]
    if running and not world.broker.away:
        world.leave(world.luck.choice(running))
    return lambda: (world.join(), world.rebalance())


def worker_joins(world: World) -> End:
    """One more, and one less later."""
    world.join()
    world.rebalance()
    return _nothing


def group_forms_anew(world: World) -> End:
    """A rebalance for no reason."""
    world.rebalance()
    return _nothing


def broker_is_away(world: World) -> End:
    """Nothing is read, written or committed; when it is back the group forms anew."""
    world.broker.away = True

    def back() -> None:
        world.broker.away = False
        world.rebalance()

    return back


def commits_are_refused(world: World) -> End:
    """Everything else works: the lease runs out and nothing is written."""
    world.broker.refuses_commits = True

    def again() -> None:
        world.broker.refuses_commits = False

    return again


def records_are_left_out(world: World) -> End:
    """As Faust does in a rebalance: records were fetched, not handed over, and those behind them come. First a stall."""
    world.broker.away = True

    def go_on() -> None:
        world.broker.away = False
        world.rebalance()
        for node in world.nodes:
            if not node.stopped:
                node.leave_records_out(world.luck.randint(1, 30))

    return go_on


FAULTS: tuple[Fault, ...] = (
    session_dies,
    session_falls_silent,
    session_takes_nothing,
    finals_are_odd,
    provider_dies,
    everybody_is_away,
    worker_is_killed,
    worker_is_stopped,
    worker_leaves,
    worker_joins,
    group_forms_anew,
    broker_is_away,
    commits_are_refused,
    records_are_left_out,
)


def storm(world: World, many: int, until_ms: float, faults: Sequence[Fault] = FAULTS) -> None:
    """`many` random faults, some on top of each other, each over after 1 to 20 s; then everything is whole again."""
    ends: list[tuple[float, End]] = []
    times = sorted(world.luck.uniform(1_000, until_ms) for _ in range(many))
    while times or ends:
        for over in [each for each in ends if each[0] <= world.clock.ms]:
            ends.remove(over)
            over[1]()
        while times and times[0] <= world.clock.ms:
            times.pop(0)
            fault = world.luck.choice(faults)
            world.faults.append(fault.__name__)
            ends.append((world.clock.ms + world.luck.uniform(1_000, 20_000), fault(world)))
        world.step()
