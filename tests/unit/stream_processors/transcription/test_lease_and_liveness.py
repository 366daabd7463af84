"""When a worker may write, and when it counts as dead."""

from stream_processors.transcription.log.liveness import Liveness
from stream_processors.transcription.partitions.lease import Lease


def test_a_lease_ends_a_margin_before_the_session_timeout() -> None:
    """Counted from when the commit was sent, not from when its answer came."""
    lease = Lease(6000)
    assert not lease.valid(0)
    lease.renewed(1000)
    assert lease.valid(5999)
    assert not lease.valid(6000)


def test_an_older_commit_does_not_shorten_it() -> None:
    """Answers may come out of order."""
    lease = Lease(6000)
    lease.renewed(3000)
    lease.renewed(1000)
    assert lease.valid(7999)


def test_a_lost_lease_is_over_at_once() -> None:
    """From a rebalance on, the partitions may be somebody else's."""
    lease = Lease(6000)
    lease.renewed(1000)
    lease.lost()
    assert not lease.valid(1000)


def test_a_worker_that_reads_nothing_while_there_is_something_is_stuck() -> None:
    """After the limit, and not before."""
    liveness = Liveness(60_000)
    assert not liveness.stuck(0, 5, behind=True)
    assert not liveness.stuck(1_000, 5, behind=True)
    assert not liveness.stuck(60_000, 5, behind=True)
    assert liveness.stuck(61_000, 5, behind=True)


def test_progress_or_an_empty_log_is_life() -> None:
    """Every record read, and having nothing to read, starts the limit anew."""
    liveness = Liveness(60_000)
    liveness.stuck(0, 5, behind=True)
    liveness.stuck(1_000, 5, behind=True)
    assert not liveness.stuck(70_000, 6, behind=True)
    liveness.stuck(80_000, 6, behind=True)
    assert not liveness.stuck(150_000, 6, behind=False)
    liveness.stuck(151_000, 6, behind=True)
    assert not liveness.stuck(200_000, 6, behind=True)


def test_a_worker_stands_from_the_first_look_that_finds_nothing_read() -> None:
    """Then what is due is read again, long before the worker counts as dead; reading ends it."""
    liveness = Liveness(60_000)
    liveness.stuck(0, 5, behind=True)
    assert not liveness.stands
    liveness.stuck(5_000, 5, behind=True)
    assert liveness.stands
    liveness.stuck(10_000, 6, behind=True)
    assert not liveness.stands
    liveness.stuck(15_000, 6, behind=False)
    assert not liveness.stands
