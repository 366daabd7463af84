"""SHELL: partitions of a topic to their ends as they are now, without a group. Blocking: call it from a thread."""

from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from schemas.errors import Unavailable

SILENT_S = 10.0
REMEDY = "start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS"


def to_the_end(
    consumer: Consumer, topic: str, starts: Mapping[int, int], silent_s: float = SILENT_S
) -> Iterator[Message]:
    """From the start of each partition on. Raises Unavailable when the broker says nothing for `silent_s`.

    `consumer` has `reader_config`; it asks the broker for nothing more at the end.
    """
    consumer.assign([TopicPartition(topic, number, offset) for number, offset in starts.items()])
    unfinished = len(starts)
    while unfinished:
        message = consumer.poll(silent_s)
        if message is None:
            raise Unavailable(f"{topic} cannot be read", remedy=REMEDY)
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:
            unfinished -= 1
    consumer.unassign()
