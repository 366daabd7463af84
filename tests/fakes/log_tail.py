"""Topics as they are now, for tests that ask again and again: one consumer that goes on where it was."""

from collections import defaultdict

from confluent_kafka import Consumer, Message, TopicPartition

from schemas.kafka_client import consumer_config
from schemas.topics import Topic
from sinks.broker import partition_of
from tests.fakes.fresh_name import fresh

DEADLINE_S = 10.0


class LogTail:
    """Reads each partition once, from its beginning, and keeps what was there."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(consumer_config(bootstrap, fresh("tail")))
        self._kept: defaultdict[tuple[str | None, int | None], list[Message]] = defaultdict(list)

    def all_of(self, topic: Topic) -> list[Message]:
        """Everything on `topic` now, partition by partition."""
        return [message for partition in range(topic.partitions) for message in self._to_the_end(topic.name, partition)]

    def under(self, topic: Topic, key: str) -> list[Message]:
        """What is on `topic` now under `key`, in order."""
        found = self._to_the_end(topic.name, partition_of(key, topic.partitions))
        return [message for message in found if message.key() == key.encode()]

    def close(self) -> None:
        self._consumer.close()

    def _to_the_end(self, topic: str, partition: int) -> list[Message]:
        if (topic, partition) not in self._kept:
            self._consumer.incremental_assign([TopicPartition(topic, partition, 0)])
        kept = self._kept[topic, partition]
        _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), DEADLINE_S)
        while end > (kept[-1].offset() or 0) + 1 if kept else end:
            message = self._consumer.poll(DEADLINE_S)
            assert message is not None, f"{topic} does not answer"
            assert message.error() is None, message.error()
            self._kept[message.topic(), message.partition()].append(message)
        return kept
