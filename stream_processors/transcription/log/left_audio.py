"""SHELL: audio that was left on the log for a while, read again without a group, for the streams that have room now."""

import asyncio
from contextlib import suppress
from itertools import islice
from uuid import uuid4

import structlog
from confluent_kafka import Consumer

from schemas.errors import Unavailable
from schemas.kafka_client import reader_config
from schemas.message import appended_at_ms, raw
from schemas.topics import AUDIO_FRAMES
from stream_processors.partition_end import to_the_end
from stream_processors.transcription.partitions.catch_up import CatchUp
from stream_processors.transcription.partitions.worker import Appended, Worker

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
        """What came until the broker said nothing for a second, if it did."""
        records: list[Appended] = []
        piece = to_the_end(self._consumer, AUDIO_FRAMES.name, {wanted.partition.number: wanted.start}, SILENT_S)
        with suppress(Unavailable):
            records.extend(Appended(raw(each), appended_at_ms(each)) for each in islice(piece, MOST_RECORDS))
        self._consumer.unassign()
        return records
