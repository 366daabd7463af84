"""SHELL: audio that was left on the log for a while, read again without a group, for the streams that have room now."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import structlog
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from schemas.dead_letter import RawRecord
from schemas.kafka_client import reader_config
from schemas.topics import AUDIO_FRAMES
from stream_processors.transcription.catch_up import CatchUp
from stream_processors.transcription.worker import Appended, Worker

log = structlog.get_logger()
MOST_RECORDS = 200
SILENT_S = 1.0


class LeftAudio:
    """Brings a worker what it left. A broker that is away is asked again the next time."""

    def __init__(self, bootstrap_servers: str, worker: Worker) -> None:
        self._consumer = Consumer(reader_config(bootstrap_servers, f"earshot-transcribe-{uuid4()}"))
        self._worker = worker

    async def bring(self) -> None:
        """A piece for every partition that wants some; call it often."""
        for wanted in self._worker.catch_ups():
            records = await asyncio.to_thread(self._read, wanted)
            if records and records[0].record.offset > wanted.start:
                log.error("audio_expired", partition=wanted.partition.number, from_offset=wanted.start)
            await self._worker.hear(wanted, records)

    def close(self) -> None:
        self._consumer.close()

    def _read(self, wanted: CatchUp) -> list[Appended]:
        self._consumer.assign([TopicPartition(AUDIO_FRAMES.name, wanted.partition.number, wanted.start)])
        records = [_appended(message) for message, _ in zip(self._messages(), range(MOST_RECORDS), strict=False)]
        self._consumer.unassign()
        return records

    def _messages(self) -> Iterator[Message]:
        """Up to the end, or until the broker says nothing for a second."""
        while (message := self._consumer.poll(SILENT_S)) is not None:
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return


def _appended(message: Message) -> Appended:
    record = RawRecord(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value(),
        headers=(),
    )
    return Appended(record, message.timestamp()[1])
