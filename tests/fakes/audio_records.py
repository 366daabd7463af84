"""Chunks of a made-up stream, as a bot would put them on audio.frames."""

import functools
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
import soxr

from schemas.events import AudioChunk
from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ, UNIT_US, UNITS_PER_CHUNK
from schemas.vocabulary import Attribution, ChunkKind, Encoding, GapCause, TrackKind

EPOCH_STARTED_AT_US = 1_790_000_000_000_000
LOUD = np.full(SAMPLE_RATE_HZ, 8_000, dtype="<i2").tobytes()


def chunk(
    seq: int,
    units: int = UNITS_PER_CHUNK,
    kind: ChunkKind = ChunkKind.AUDIO,
    *,
    pcm: bytes | None = None,
    bot_id: str = "bot_1",
    stream_id: str = "janus:1/audio",
    epoch: int = 0,
    cause: GapCause | None = None,
    participant_id: str | None = "janus:1",
    started_at_us: int = EPOCH_STARTED_AT_US,
) -> AudioChunk:
    """A chunk whose samples, when it is audio and nobody says otherwise, all hold the number of its unit."""
    audio = numbered(seq, units) if pcm is None else pcm
    return AudioChunk(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_1",
        stream_id=stream_id,
        slot="0/0",
        epoch=epoch,
        epoch_started_at_us=started_at_us,
        recording_started_at_us=started_at_us,
        seq=seq,
        units=units,
        kind=kind,
        cause=cause,
        encoding=Encoding.PCM_S16LE,
        sample_rate_hz=SAMPLE_RATE_HZ,
        channels=1,
        pcm=audio if kind is ChunkKind.AUDIO else b"",
        participant_id=participant_id,
        track_kind=TrackKind.MICROPHONE,
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        captured_at_us=started_at_us + seq * UNIT_US,
        level_dbfs=-20.0,
    )


def numbered(seq: int, units: int) -> bytes:
    """PCM whose samples tell which unit they belong to."""
    return b"".join(np.full(960, (seq + i) % 30_000, dtype="<i2").tobytes() for i in range(units))


def chunks_of(pcm: bytes, **stream: object) -> list[AudioChunk]:
    """The samples as 100 ms chunks from seq 0."""
    step = BYTES_PER_UNIT * UNITS_PER_CHUNK
    pieces = [pcm[at : at + step] for at in range(0, len(pcm), step)]
    return [
        chunk(i * UNITS_PER_CHUNK, len(piece) // BYTES_PER_UNIT, pcm=piece, **stream)  # type: ignore[arg-type]
        for i, piece in enumerate(pieces)
    ]


def moved(chunks: list[AudioChunk], started_at_us: int) -> Iterator[AudioChunk]:
    """The same chunks of an epoch that started at another time."""
    for each in chunks:
        yield msgspec.structs.replace(
            each,
            epoch_started_at_us=started_at_us,
            recording_started_at_us=started_at_us,
            captured_at_us=started_at_us + each.seq * UNIT_US,
        )


@functools.cache
def spoken(text: str, *, voice: str = "rms", lead_ms: int = 1000, tail_ms: int = 1000) -> bytes:
    """48 kHz PCM16 of flite saying `text`, with silence before and after; whole units."""
    flite = shutil.which("flite")
    if not flite:
        pytest.fail("flite is missing: apt-get install flite")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.wav"
        subprocess.run([flite, "-voice", voice, "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    speech = soxr.resample(samples, rate, SAMPLE_RATE_HZ).astype("<i2").tobytes()
    pcm = bytes(lead_ms * 96) + speech + bytes(tail_ms * 96)
    return pcm + bytes(-len(pcm) % BYTES_PER_UNIT)
