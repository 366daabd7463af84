"""What the broker says before anything is read."""

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from schemas.errors import Unavailable
from schemas.settings import WebhookSettings
from sinks.broker import end_of

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
