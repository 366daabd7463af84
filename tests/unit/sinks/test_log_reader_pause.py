"""What a reader of the log tells its client of partitions that go."""

from collections.abc import Callable, Iterable

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.settings import Settings
from sinks import log_reader
from sinks.log_reader import LogReader

Hook = Callable[[object, list[TopicPartition]], None]


class Member:
    """A consumer that keeps what it was told of a partition, also while the partition is another's, as librdkafka does."""

    def __init__(self) -> None:
        self.stands: set[tuple[str, int]] = set()

    def subscribe(self, _: object, *, on_assign: Hook, on_revoke: Hook, on_lost: Hook) -> None:
        self.lose = on_lost

    def pause(self, places: Iterable[TopicPartition]) -> None:
        self.stands |= {(place.topic, place.partition) for place in places}

    def resume(self, places: Iterable[TopicPartition]) -> None:
        self.stands -= {(place.topic, place.partition) for place in places}


def test_a_partition_that_was_paused_when_it_went_is_read_when_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pauses it any more, and the client must know that."""
    member = Member()
    for name, stand_in in (
        ("Consumer", lambda _: member),
        ("Registry", lambda _: Registry()),
        ("Codec", lambda _: None),
    ):
        monkeypatch.setattr(log_reader, name, stand_in)
    monkeypatch.setattr(log_reader, "demand_topics", lambda *_: None)
    monkeypatch.setattr(log_reader, "DeadLetterWriter", lambda *_: None)
    reader = LogReader(Settings(), group_id="g", topics=[], stage="s")
    reader.pause([("t", 0), ("t", 1)])
    member.lose(Consumer, [TopicPartition("t", 0)])
    assert member.stands == {("t", 1)}


class Registry:
    def demand_answer(self) -> None: ...
