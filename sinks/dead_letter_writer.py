"""Puts records that a sink can make nothing of on their dead-letter topics, acknowledged, counted and logged."""

from collections.abc import Sequence

import structlog
from confluent_kafka import Producer

from schemas.dead_letter import DeadLetter, RawRecord, dead_letter
from schemas.errors import InvalidRecord, Unavailable
from schemas.kafka_client import producer_config
from schemas.telemetry import RECORDS_DEAD
from schemas.timebase import SystemClock

FLUSH_S = 30.0
log = structlog.get_logger()


class DeadLetterWriter:
    """The dead letters of one stage. Letters that were on their way when a process died may lie there twice."""

    def __init__(self, bootstrap_servers: str, stage: str) -> None:
        self._stage = stage
        self._clock = SystemClock()
        self._producer = Producer(producer_config(bootstrap_servers))

    def bury(self, dead: Sequence[tuple[RawRecord, InvalidRecord]]) -> None:
        """Return once the broker has every letter; raises Unavailable when a topic does not take one."""
        now_us = self._clock.now_us()
        letters = [dead_letter(record, stage=self._stage, error=error, failed_at_us=now_us) for record, error in dead]
        if letters:
            produce_and_wait(self._producer, letters)
        for record, error in dead:
            self._tell(record, error)

    def _tell(self, record: RawRecord, error: InvalidRecord) -> None:
        RECORDS_DEAD.labels(self._stage, record.topic, error.error_class).inc()
        log.warning(
            "record_dead",
            stage=self._stage,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error_class=error.error_class,
        )


def produce_and_wait(producer: Producer, letters: Sequence[DeadLetter]) -> None:
    """Put dead letters on their topics and wait for the broker; raises Unavailable when it does not take them all."""
    failures: list[str] = []
    for letter in letters:
        headers: list[tuple[str, str | bytes | None]] = [*letter.headers]
        producer.produce(
            letter.topic,
            key=letter.key,
            value=letter.value,
            headers=headers,
            on_delivery=lambda error, _: failures.append(str(error)) if error else None,
        )
    if producer.flush(FLUSH_S) or failures:
        raise Unavailable(f"{letters[0].topic} does not take a record: {failures}", remedy="`earshot topics create`")
