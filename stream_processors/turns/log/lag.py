"""Whether there are records this worker should have applied and has not: asked of the broker, not of Faust. Shell."""

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

ANSWER_S = 5.0


class Lag:
    """Compares a group's committed offsets with the ends of the log. Blocking: call it in a thread."""

    def __init__(self, bootstrap_servers: str, group: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
        self._group = group

    def is_behind(self, partitions: set[tuple[str, int]]) -> bool:
        """False also when the broker does not answer: then nobody can get anything done."""
        places = [TopicPartition(topic, partition) for topic, partition in sorted(partitions)]
        if not places:
            return False
        try:
            committed = self._committed(places)
            earliest = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
            latest = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        except KafkaException:
            return False
        return any(latest[place] > max(committed.get(place, 0), earliest[place]) for place in latest)

    def _committed(self, places: list[TopicPartition]) -> dict[tuple[str, int], int]:
        request = ConsumerGroupTopicPartitions(self._group, places)
        answer = self._admin.list_consumer_group_offsets([request])[self._group].result(ANSWER_S)
        return {(each.topic, each.partition): each.offset for each in answer.topic_partitions}

    def _offsets(self, places: list[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        answers = self._admin.list_offsets(dict.fromkeys(places, spec), request_timeout=ANSWER_S)
        return {(place.topic, place.partition): answer.result(ANSWER_S).offset for place, answer in answers.items()}
