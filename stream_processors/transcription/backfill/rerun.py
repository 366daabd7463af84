"""SHELL: the bot's audio through the same pipelines as in the meeting, as fast as the provider takes it."""

import asyncio
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice

from schemas.codec import Codec
from schemas.errors import EarshotError, Unavailable
from schemas.events import ResultEvent
from schemas.kafka_client import record_headers
from schemas.topics import AUDIO_QUALITY, STT_RESULTS, Topic
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.backfill.coverage import Coverage, StreamEpoch
from stream_processors.transcription.backfill.past_log import Found
from stream_processors.transcription.log.log_shell import LogOutlet
from stream_processors.transcription.partitions.outbox import Letter
from stream_processors.transcription.stream.pipeline import Bench, Pipeline, Written

BATCH = 100
WAIT_S = 0.02
FLUSH_S = 30.0
PATIENCE_MS = 600_000
AGAIN = "run it again: it goes on where this transcript ends"


class Stopped(EarshotError):
    """Told to stop before the end."""


class Rerun:
    """One bot, one label. `coverage` grows with what Kafka acknowledges."""

    def __init__(self, bench: Bench, coverage: Coverage, outlet: LogOutlet, codec: Codec, *, partition: int) -> None:
        self._bench = bench
        self._coverage = coverage
        self._outlet = outlet
        self._codec = codec
        self._partition = partition
        self._pipelines: dict[StreamEpoch, Pipeline] = {}
        self._outbox: deque[tuple[Letter, StreamEpoch, int | None]] = deque()
        self._heard_at_ms = bench.now().ms

    async def run(self, audio: Iterator[Found], stop: asyncio.Event, *, unsent_limit_bytes: int) -> None:
        """Until everything is covered; raises Unavailable when nothing has come for long, Stopped when told to."""
        try:
            while batch := await asyncio.to_thread(lambda: list(islice(audio, BATCH))):
                for found in batch:
                    self._feed(found)
                    await self._while_busy(stop, unsent_limit_bytes)
            for pipeline in self._pipelines.values():
                pipeline.end()
            while not self._coverage.done:
                await self._breathe(stop)
        finally:
            for pipeline in self._pipelines.values():
                pipeline.close()
            await self._outlet.drained(FLUSH_S)

    def _feed(self, found: Found) -> None:
        chunk, span = found.record, span_of(found.record)
        key = (chunk.stream_id, chunk.epoch)
        if key not in self._pipelines and not self._coverage.needs(key):
            return
        if key not in self._pipelines:
            write = partial(self._write, key)
            self._pipelines[key] = Pipeline(self._bench, chunk, span, self._coverage.cursors.get(key), write)
        self._pipelines[key].feed(chunk, span, found.appended_at_ms)
        if self._coverage.ends(key, span.to_sample):
            self._pipelines[key].end()

    async def _while_busy(self, stop: asyncio.Event, unsent_limit_bytes: int) -> None:
        """Let the providers work, for long when one of the streams has much they have not taken."""
        await asyncio.sleep(0)
        self._drain()
        while any(pipeline.unsent_bytes > unsent_limit_bytes for pipeline in self._pipelines.values()):
            await self._breathe(stop)

    async def _breathe(self, stop: asyncio.Event) -> None:
        now = self._bench.now()
        for pipeline in self._pipelines.values():
            pipeline.touch(now)
            pipeline.tick(now)
        self._drain()
        if stop.is_set():
            raise Stopped("stopped before the end", remedy=AGAIN)
        if now.ms - self._heard_at_ms > PATIENCE_MS:
            raise Unavailable(f"no result has come for {PATIENCE_MS // 60_000} minutes", remedy=AGAIN)
        await asyncio.sleep(WAIT_S)

    def _write(self, key: StreamEpoch, topic: Topic, record: Written) -> None:
        """Queue a record; quality of capture was told in the meeting and is not told again."""
        if topic is AUDIO_QUALITY:
            return
        place = self._partition if topic is STT_RESULTS else None
        headers = record_headers(record.tenant_id, record.bot_id)
        letter = Letter(topic.name, place, record.bot_id.encode(), self._codec.encode(topic, record), headers)
        cursor = record.cursor_after_sample if isinstance(record, ResultEvent) else None
        self._outbox.append((letter, key, cursor))
        self._drain()

    def _drain(self) -> None:
        self._outlet.poll()
        if self._outlet.failure:
            raise self._outlet.failure
        while self._outbox:
            letter, key, cursor = self._outbox[0]
            if not self._outlet.append(letter, partial(self._acknowledged, key, cursor)):
                return
            self._outbox.popleft()

    def _acknowledged(self, key: StreamEpoch, cursor: int | None, _offset: int) -> None:
        self._heard_at_ms = self._bench.now().ms
        if cursor is not None:
            self._coverage.settled(key, cursor)
