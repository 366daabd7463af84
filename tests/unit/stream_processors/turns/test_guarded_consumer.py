"""The turns worker's consumer, kept from committing over records that Faust left out."""

from pathlib import Path

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream_processors.turns.faust_shell import GuardedConsumer, make_app

PLACE = TP("stt.results", 1)


async def ignore(_: object) -> None:
    """Takes what nobody sends."""


async def committable_over_a_hole(kind: type[driver.Consumer], folder: Path) -> int | None:
    """What is committed when 19 was applied, 20 to 39 were dropped, and 40 was acknowledged."""
    app = make_app("turns", "127.0.0.1:1", folder)
    consumer = kind(app.transport, callback=ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore)
    consumer._committed_offset[PLACE] = 19
    await consumer._add_gap(PLACE, 20, 40)
    consumer._acked[PLACE] = [19, 40]
    offset: int | None = consumer._new_offset(PLACE)
    consumer._thread.thread_loop.close()
    return offset


async def test_a_hole_is_never_committed(tmp_path: Path) -> None:
    """Only what was applied: the next worker reads 20 first."""
    assert await committable_over_a_hole(GuardedConsumer, tmp_path) == 20


async def test_faust_alone_commits_over_the_hole(tmp_path: Path) -> None:
    """The control: without our guard the twenty records would never be read again."""
    assert await committable_over_a_hole(driver.Consumer, tmp_path) == 41
