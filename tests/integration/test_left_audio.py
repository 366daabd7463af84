"""Audio that a worker left on a real log is brought to its stream, whole and in order, while other records come."""

from collections.abc import Iterator

import pytest

from schemas.message import raw
from schemas.timebase import SAMPLES_PER_UNIT, UNITS_PER_CHUNK, SystemClock
from schemas.topics import AUDIO_FRAMES
from schemas.vocabulary import ChunkKind
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.log.left_audio import MOST_RECORDS, LeftAudio
from stream_processors.transcription.partitions.lease import Lease
from stream_processors.transcription.partitions.outbox import Letter
from stream_processors.transcription.partitions.partition import Start, StreamKey
from stream_processors.transcription.partitions.worker import Worker
from stream_processors.transcription.providers.none.adapter import NoProvider
from stream_processors.transcription.routing.choice import Choice
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.pipeline import Bench
from tests.fakes.audio_records import chunk
from tests.fakes.fresh_name import fresh
from tests.fakes.log_tail import LogTail
from tests.fakes.transcribe_bench import TranscribeBench

pytestmark = pytest.mark.integration
CHUNKS = MOST_RECORDS + 50
POISON = b"no chunk"


class Nowhere:
    """Takes every letter and never says that it arrived."""

    def append(self, letter: Letter, on_ack: object) -> bool:
        return True


@pytest.fixture
def bench(kafka_bootstrap: str, registry_url: str) -> Iterator[TranscribeBench]:
    bench = TranscribeBench(kafka_bootstrap, registry_url)
    yield bench
    bench.close()


async def test_what_was_left_is_heard_whole(bench: TranscribeBench) -> None:
    """More than one piece of it, poison in between; then the stream is where its partition is."""
    bot_id = fresh("bot")
    silence = [chunk(i * UNITS_PER_CHUNK, kind=ChunkKind.SILENCE, bot_id=bot_id) for i in range(CHUNKS)]
    bench.put(silence[:100])
    bench.put_raw(bot_id, POISON)
    bench.put(silence[100:])
    tail = LogTail(bench.bootstrap)
    records = [raw(message) for message in tail.under(AUDIO_FRAMES, bot_id)]
    tail.close()
    number = records[0].partition
    worker = worker_on(bench)
    worker.assigned(set(), {number: Start(records[0].offset, {}, 0)})
    await worker.feed(records[0], 0)
    [entry] = [worker._partitions[number]._entries[StreamKey(bot_id, silence[0].stream_id, 0)]]
    entry.left_from = records[1].offset
    for record in records[1:]:
        await worker.feed(record, 0)
    assert entry.pipeline
    assert entry.pipeline._stream.position == UNITS_PER_CHUNK * SAMPLES_PER_UNIT
    left = LeftAudio(bench.bootstrap, worker)
    await left.bring()
    assert entry.left_from is not None
    await left.bring()
    left.close()
    assert entry.left_from is None
    assert entry.pipeline._stream.position == CHUNKS * UNITS_PER_CHUNK * SAMPLES_PER_UNIT


def worker_on(bench: TranscribeBench) -> Worker:
    gate = GateSettings()
    tools = Bench({"none": NoProvider()}, (Choice("none"),), Router(), SystemClock(), gate, "live", "w1", 10_000, 5_000)
    return Worker(tools, bench.codec, Nowhere(), Lease(60_000), unsent_limit_ms=40_000)
