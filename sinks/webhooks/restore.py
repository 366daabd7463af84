"""Read back what an earlier process left of a partition: its journal and its committed offsets."""

from collections.abc import Iterator
from typing import TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import Codec
from schemas.errors import InvalidRecord, Unavailable, UsageError
from schemas.events import Record, WebhookAttempt, WebhookDelivery
from schemas.kafka_client import consumer_config
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.topics import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, Topic
from sinks.broker import REMEDY, demand_hope, partitions_of
from sinks.log_reader import DeadHook
from sinks.message import raw
from sinks.webhooks.fan_out import INPUTS, JOURNALS, Left

R = TypeVar("R", bound=Record)


class JournalReader:
    """Reads with the group's committed offsets, without being a member. Every call blocks.

    A poison line goes to `bury` and is left out; RegistryUnavailable and Unavailable are raised.
    """

    def __init__(self, settings: WebhookSettings, bury: DeadHook) -> None:
        self._timeout_s = settings.startup_timeout_s
        self._bury = bury
        self._codec = Codec(Registry(settings.schema_registry_url))
        config = consumer_config(settings.kafka_bootstrap_servers, settings.webhook_consumer_group)
        self._consumer = Consumer({**config, "enable.partition.eof": True})
        self._demand_likeness(settings)

    def read(self, partition: int) -> Left:
        """What is left of `partition`, up to the ends of its topics now."""
        try:
            committed = self._committed(partition)
            return Left(
                deliveries=list(self._lines(WEBHOOK_DELIVERIES, WebhookDelivery, partition, committed)),
                attempts=list(self._lines(WEBHOOK_ATTEMPTS, WebhookAttempt, partition, committed)),
                input_starts={topic.name: max(0, committed[topic.name]) for topic in INPUTS},
                input_ends={topic.name: self._end(topic, partition) for topic in INPUTS},
            )
        except KafkaException as error:
            raise Unavailable(f"Kafka does not answer: {error}", remedy=REMEDY) from error

    def close(self) -> None:
        self._consumer.close()

    def _demand_likeness(self, settings: WebhookSettings) -> None:
        """A bot has the same partition number on every topic, or its journal is not where its records are."""
        counts = {topic.name: partitions_of(self._consumer, topic.name, settings) for topic in (*INPUTS, *JOURNALS)}
        if len(set(counts.values())) > 1:
            raise UsageError(f"topics differ in partitions: {counts}", remedy="give them all the same number")

    def _committed(self, partition: int) -> dict[str, int]:
        places = [TopicPartition(topic.name, partition) for topic in (*INPUTS, *JOURNALS)]
        found = self._consumer.committed(places, timeout=self._timeout_s)
        return {place.topic: place.offset for place in found}

    def _end(self, topic: Topic, partition: int) -> int:
        return int(self._consumer.get_watermark_offsets(TopicPartition(topic.name, partition), self._timeout_s)[1])

    def _lines(
        self, topic: Topic, record_type: type[R], partition: int, committed: dict[str, int]
    ) -> Iterator[tuple[int, R]]:
        start = committed[topic.name] if committed[topic.name] >= 0 else OFFSET_BEGINNING
        self._consumer.assign([TopicPartition(topic.name, partition, start)])
        for message in self._to_the_end():
            found = raw(message)
            try:
                yield found.offset, self._codec.decode(topic, found.value, record_type)
            except InvalidRecord as error:
                self._bury(found, error)

    def _to_the_end(self) -> Iterator[Message]:
        while True:
            message = self._consumer.poll(self._timeout_s)
            if message is None:
                raise Unavailable("Kafka stopped answering", remedy=REMEDY)
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            else:
                demand_hope(error, "sink webhooks")
