"""SHELL: a WAV file through the same gate and engine as a live stream, without Kafka, as fast as the engine can."""

import asyncio
import json
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

from schemas.errors import Unavailable, UsageError
from schemas.events import AudioChunk, ResultEvent
from schemas.settings import TranscribeSettings
from schemas.timebase import (
    BYTES_PER_SAMPLE,
    BYTES_PER_UNIT,
    SAMPLE_RATE_HZ,
    UNIT_US,
    UNITS_PER_CHUNK,
    samples_to_ms,
)
from schemas.topics import Topic
from schemas.vocabulary import Attribution, ChunkKind, Encoding, ResultKind, TrackKind
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.process import make_bench, started
from stream_processors.transcription.providers.registry import make_providers
from stream_processors.transcription.stream.pipeline import Bench, Pipeline, Written

FINALS = (ResultKind.FINAL, ResultKind.END_OF_TURN)
MOST_UNSENT_BYTES = 30 * SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
WAIT_S = 0.02
STUCK_MS = 60_000
CONVERT = "48 kHz, mono, 16 bit: `ffmpeg -i in.wav -ar 48000 -ac 1 -c:a pcm_s16le out.wav`"


async def transcribe_file(settings: TranscribeSettings, path: Path) -> str:
    """One JSON object: words with times and confidence, the file's length, and how much of it was transcribed."""
    pcm = read_wav(path)
    providers = make_providers(settings)
    async with started(providers):
        results = await transcribe_pcm(make_bench(settings, providers), pcm)
    return json.dumps(report(results, len(pcm) // BYTES_PER_SAMPLE))


def read_wav(path: Path) -> bytes:
    """The samples; raises UsageError that says what the file should have been."""
    try:
        with wave.open(str(path)) as file:
            found = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            pcm: bytes = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise UsageError(f"--wav {path} is no WAV file: {error}", remedy=CONVERT) from error
    if found != (SAMPLE_RATE_HZ, 1, BYTES_PER_SAMPLE):
        raise UsageError(f"--wav {path} has {found[0]} Hz, {found[1]} channels, {8 * found[2]} bits", remedy=CONVERT)
    return pcm + bytes(-len(pcm) % BYTES_PER_UNIT)


async def transcribe_pcm(bench: Bench, pcm: bytes) -> list[ResultEvent]:
    """The results over the whole of `pcm`; raises Unavailable when the engine stops getting on."""
    results: list[ResultEvent] = []

    def write(topic: Topic, record: Written) -> None:
        if isinstance(record, ResultEvent):
            results.append(record)

    chunks = list(chunks_of(pcm, bench.now().us))
    pipeline = Pipeline(bench, chunks[0], span_of(chunks[0]), None, write)
    try:
        for chunk in chunks:
            pipeline.feed(chunk, span_of(chunk), chunk.captured_at_us // 1000)
            await _wait(pipeline, bench, results, lambda: pipeline.unsent_bytes < MOST_UNSENT_BYTES)
        pipeline.end()
        end = span_of(chunks[-1]).to_sample
        await _wait(pipeline, bench, results, lambda: bool(results) and results[-1].cursor_after_sample >= end)
    finally:
        pipeline.close()
    return results


def chunks_of(pcm: bytes, epoch_started_at_us: int) -> Iterator[AudioChunk]:
    """The file as a bot would have sent it."""
    for at in range(0, len(pcm), BYTES_PER_UNIT * UNITS_PER_CHUNK):
        piece = pcm[at : at + BYTES_PER_UNIT * UNITS_PER_CHUNK]
        seq = at // BYTES_PER_UNIT
        yield AudioChunk(
            tenant_id="",
            bot_id="file",
            meeting_id="",
            stream_id="file",
            slot="file",
            epoch=0,
            epoch_started_at_us=epoch_started_at_us,
            recording_started_at_us=epoch_started_at_us,
            seq=seq,
            units=len(piece) // BYTES_PER_UNIT,
            kind=ChunkKind.AUDIO,
            encoding=Encoding.PCM_S16LE,
            sample_rate_hz=SAMPLE_RATE_HZ,
            channels=1,
            pcm=piece,
            track_kind=TrackKind.MICROPHONE,
            attribution=Attribution.NONE,
            attribution_confidence=0.0,
            captured_at_us=epoch_started_at_us + seq * UNIT_US,
        )


def report(results: list[ResultEvent], samples: int) -> dict[str, object]:
    """What the console prints."""
    finals = [result for result in results if result.kind in FINALS]
    return {
        "words": [
            {
                "text": word.text,
                "start_ms": samples_to_ms(word.from_sample),
                "end_ms": samples_to_ms(word.to_sample),
                "confidence": word.confidence,
            }
            for result in finals
            for word in result.words
        ],
        "audio_ms": samples_to_ms(samples),
        "speech_ms": sum(samples_to_ms(r.cursor_after_sample - r.cursor_before_sample) for r in finals),
    }


async def _wait(pipeline: Pipeline, bench: Bench, results: list[ResultEvent], enough: Callable[[], bool]) -> None:
    """Let the engine work until there is `enough`."""
    seen, since_ms = len(results), bench.now().ms
    await asyncio.sleep(0)
    while not enough():
        pipeline.touch(bench.now())
        pipeline.tick(bench.now())
        await asyncio.sleep(WAIT_S)
        if len(results) != seen:
            seen, since_ms = len(results), bench.now().ms
        if bench.now().ms - since_ms > STUCK_MS:
            raise Unavailable("the engine has said nothing for a minute", remedy="see the messages above; try again")
