"""The turns worker's consumer, kept from committing over records that Faust left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message

from stream_processors.turns.group.assignment import Assignment
from stream_processors.turns.group.faust_shell import GuardedConsumer, make_app

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


@dataclass(eq=False)
class Arrived:
    """A message as far as acknowledging looks at it."""

    generation_id: int
    offset: int = 7
    topic: str = PLACE.topic
    partition: int = PLACE.partition
    tp: TP = PLACE


@pytest.fixture
def consumer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GuardedConsumer]:
    """Ours, on a Faust that acknowledges and commits whatever it is asked to."""
    app = make_app("turns", "127.0.0.1:1", tmp_path)

    async def commits(*_: object) -> bool:
        return True

    monkeypatch.setattr(driver.Consumer, "ack", lambda *_: True)
    monkeypatch.setattr(driver.Consumer, "commit", commits)
    consumer = GuardedConsumer(
        app.transport, callback=ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore
    )
    yield consumer
    consumer._thread.thread_loop.close()


async def test_only_what_was_applied_in_this_generation_is_acknowledged(consumer: GuardedConsumer) -> None:
    """Faust asks for every record that the agent has had: one it turned away as early must be read again."""
    generation = consumer.app.consumer_generation_id
    turned_away, applied, of_before = Arrived(generation), Arrived(generation), Arrived(generation - 1)
    for message in (applied, of_before):
        consumer.applied(cast(Message, message))
    acknowledged = [consumer.ack(cast(Message, message)) for message in (turned_away, applied, of_before)]
    assert acknowledged == [False, True, False]


async def test_faust_is_told_in_the_order_of_the_partition(
    consumer: GuardedConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bots are handled side by side: what is done early waits for what was taken before it."""
    told: list[int] = []
    monkeypatch.setattr(GuardedConsumer, "ack", lambda _, message: told.append(message.offset))
    consumer._assigned = Assignment({(PLACE.topic, PLACE.partition): 7})
    generation = consumer.app.consumer_generation_id
    first, second, third = (cast(Message, Arrived(generation, offset)) for offset in (7, 8, 9))
    assert [consumer.takes(message) for message in (first, third, second, third)] == [True, False, True, True]
    consumer.applied(second)
    assert told == []
    consumer.applied(first)
    assert told == [7, 8]
    consumer.applied(third)
    assert told == [7, 8, 9]


async def test_what_another_generation_fetched_is_not_taken(consumer: GuardedConsumer) -> None:
    """It comes again, to whoever owns the partition now."""
    consumer._assigned = Assignment({(PLACE.topic, PLACE.partition): 7})
    generation = consumer.app.consumer_generation_id
    assert not consumer.takes(cast(Message, Arrived(generation - 1)))
    assert consumer.takes(cast(Message, Arrived(generation)))


async def test_faust_itself_commits_over_what_is_not_acknowledged(tmp_path: Path) -> None:
    """The control: before the first commit of a partition, and next to the last one, it does not see the hole."""
    app = make_app("turns", "127.0.0.1:1", tmp_path)
    consumer = driver.Consumer(
        app.transport, callback=ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore
    )
    consumer._acked[PLACE] = [2, 3]
    assert consumer._new_offset(PLACE) == 4
    consumer._committed_offset[PLACE] = 10
    consumer._acked[PLACE] = [11]
    assert consumer._new_offset(PLACE) == 12
    consumer._thread.thread_loop.close()


async def test_nothing_is_committed_while_the_group_is_shared_out(consumer: GuardedConsumer) -> None:
    """And everything again afterwards."""
    consumer.app.rebalancing = True
    assert await consumer.commit() is False
    consumer.app.rebalancing = False
    assert await consumer.commit() is True


async def test_reading_again_goes_back_to_what_is_due(
    consumer: GuardedConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everywhere, not only where a later record showed that some were left out."""
    asked: list[dict[TP, int]] = []

    async def read_from(_: object, places: dict[TP, int]) -> None:
        asked.append(places)

    monkeypatch.setattr(GuardedConsumer, "read_from", read_from)
    consumer._assigned = Assignment({(PLACE.topic, PLACE.partition): 7})
    await consumer.read_all_again()
    assert asked == [{PLACE: 7}]


async def test_faust_alone_commits_over_the_hole(tmp_path: Path) -> None:
    """The control: without our guard the twenty records would never be read again."""
    assert await committable_over_a_hole(driver.Consumer, tmp_path) == 41
