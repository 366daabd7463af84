"""What the broker says before anything is read."""

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from schemas.errors import Unavailable
from schemas.settings import WebhookSettings
from sinks.broker import end_of, leave

PLACE = TopicPartition("webhook.endpoints", 0)
SETTINGS = WebhookSettings(startup_timeout_s=1)


class Moody:
    """Answers with these errors first, then with offset 7."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)

    def get_watermark_offsets(self, _: TopicPartition, _timeout_s: float) -> tuple[int, int]:
        if self.errors:
            raise KafkaException(KafkaError(self.errors.pop(0)))
        return 0, 7


def test_a_partition_without_a_leader_is_asked_again() -> None:
    """A broker that has just come back, or was slow for a moment, leads its partitions a little later."""
    moody = Moody(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    assert end_of(moody, PLACE, SETTINGS) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize("errors", [[KafkaError._TRANSPORT], [KafkaError.NOT_LEADER_FOR_PARTITION] * 100])
def test_whoever_does_not_answer_is_away(errors: list[int]) -> None:
    """In two lines, which name the topic and the remedy, not as a traceback."""
    with pytest.raises(Unavailable, match=r"webhook\.endpoints") as away:
        end_of(Moody(*errors), PLACE, SETTINGS)  # type: ignore[arg-type]
    assert "earshot up" in away.value.remedy


class Member:
    """A member of a group whose close hangs, as librdkafka's may, on whatever the group has decided and nobody has served."""

    def __init__(self) -> None:
        self.partitions = [PLACE]
        self.to_serve = ["rebalance"]
        self.subscribed = True
        self.is_closed = False

    def unsubscribe(self) -> None:
        self.subscribed = False
        self.to_serve.append("give back")

    def poll(self, _timeout_s: float) -> None:
        if self.to_serve and self.to_serve.pop(0) == "give back":
            self.partitions = []

    def assignment(self) -> list[TopicPartition]:
        return self.partitions

    def close(self) -> None:
        assert not self.to_serve, "hangs"
        self.is_closed = True


def test_a_rebalance_under_way_is_served_before_a_member_closes() -> None:
    """Then its partitions are given back, and there is nothing left to meet in the close."""
    member = Member()
    leave(member)  # type: ignore[arg-type]
    assert (member.is_closed, member.partitions, member.subscribed) == (True, [], False)


def test_a_static_member_keeps_its_place() -> None:
    """Its successor under the same name has its partitions at once, so it gives none back; but it serves what is due."""
    member = Member()
    leave(member, keeps_its_place=True)  # type: ignore[arg-type]
    assert (member.is_closed, member.partitions, member.subscribed) == (True, [PLACE], True)


def test_closing_without_leaving_may_hang() -> None:
    """The control: what the tests above would meet."""
    with pytest.raises(AssertionError, match="hangs"):
        Member().close()
