"""Which partitions the ClickHouse sink reads, as it tells its consumer."""

from collections.abc import Iterable

import pytest
from confluent_kafka import TopicPartition

from schemas.settings import ClickHouseSettings
from sinks.clickhouse.delivery import intake
from sinks.clickhouse.delivery.batch import Place
from sinks.clickhouse.delivery.intake import Intake

TURNS: Place = ("transcript.turns", 1)
PEOPLE: Place = ("meeting.participants", 0)


class Member:
    """A consumer that keeps what it was told of a partition, also while the partition is another's, as librdkafka does."""

    def __init__(self, _: object) -> None:
        self.ours: set[Place] = {TURNS, PEOPLE}
        self.stands: set[Place] = set()

    def subscribe(self, *_: object, **__: object) -> None: ...

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self.ours]

    def pause(self, places: Iterable[TopicPartition]) -> None:
        self.stands |= {(place.topic, place.partition) for place in places}

    def resume(self, places: Iterable[TopicPartition]) -> None:
        self.stands -= {(place.topic, place.partition) for place in places}


def nothing(*_: object) -> None: ...


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> tuple[Intake, Member]:
    member = Member(None)
    monkeypatch.setattr(intake, "Consumer", lambda _: member)
    monkeypatch.setattr(intake, "demand_topics", nothing)
    return Intake(ClickHouseSettings(), [], "t", on_assigned=nothing, on_revoked=nothing, on_lost=nothing), member


def test_a_held_partition_that_goes_and_comes_back_is_read(sink: tuple[Intake, Member]) -> None:
    """It was paused when it went; nothing holds it any more, and nobody else would ever tell it to go on."""
    taken, member = sink
    taken.hold({TURNS})
    assert member.stands == {TURNS}
    member.ours = {PEOPLE}
    taken.forget([TURNS])
    taken.hold(set())
    member.ours = {TURNS, PEOPLE}
    taken.hold(set())
    assert member.stands == set()


def test_lost_and_back_within_one_round(sink: tuple[Intake, Member]) -> None:
    """Between two looks at what is ours it may have been another's."""
    taken, member = sink
    taken.hold({TURNS})
    taken.forget([TURNS, PEOPLE])
    taken.hold(set())
    assert member.stands == set()
    taken.hold({PEOPLE})
    assert member.stands == {PEOPLE}
