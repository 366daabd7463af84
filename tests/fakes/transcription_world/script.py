"""What the people of a world say: voices on partitions, words on a timeline, and chunks as a bot would write them."""

import random
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from schemas.events import AudioChunk
from schemas.timebase import SAMPLES_PER_UNIT, UNITS_PER_CHUNK
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.audio_records import chunk
from tests.fakes.transcription_world.clock import START_US


@dataclass(frozen=True)
class Voice:
    """One stream and epoch: its chunks by the time they are written (ms), and the words said in what is there of it."""

    bot_id: str
    stream_id: str
    epoch: int
    partition: int
    chunks: tuple[tuple[float, AudioChunk], ...]
    words: tuple[str, ...]

    @property
    def end_sample(self) -> int:
        return max(each.seq + each.units for _, each in self.chunks) * SAMPLES_PER_UNIT


def talker(luck: random.Random, name: str, partition: int, units: int, *, rough: bool = True) -> list[Voice]:
    """A voice that talks about half the time; when rough it has silences, losses and a second epoch."""
    begins = 0.0
    cuts = [units] if not rough or luck.random() < 0.6 else [units // 2, units - units // 2]
    voices, number = [], 1
    for epoch, length in enumerate(cuts):
        script = _script(luck, number, length)
        number += sum(1 for word, _ in script if word)
        words, chunks = _chunks(luck, script, name, epoch, begins, rough=rough)
        voices.append(Voice(name, f"{name}/audio", epoch, partition, tuple(chunks), tuple(words)))
        begins += length * 20
    return voices


def _script(luck: random.Random, first: int, units: int) -> list[tuple[int, int]]:
    """(word or 0, units): words of 100 to 300 ms, breaths, pauses, and a long silence now and then."""
    script, number, left = [(0, 20)], first, units - 20
    while left > 60:
        word = (number, luck.randint(5, 15))
        pause = (0, luck.choice([0, 0, 1, 3, 8, 30]) if number % 8 else luck.choice([10, 40, 200]))
        script += [word, pause]
        left -= word[1] + pause[1]
        number += 1
    return [*script, (0, max(5, left))]


def _chunks(
    luck: random.Random, script: list[tuple[int, int]], name: str, epoch: int, begins_ms: float, *, rough: bool
) -> tuple[list[str], list[tuple[float, AudioChunk]]]:
    units = [word for word, length in script for _ in range(length)]
    units += [0] * (-len(units) % UNITS_PER_CHUNK)
    lost: set[int] = set()
    chunks: list[tuple[float, AudioChunk]] = []
    for seq in range(0, len(units), UNITS_PER_CHUNK):
        written_ms = begins_ms + (seq + UNITS_PER_CHUNK) * 20
        piece = units[seq : seq + UNITS_PER_CHUNK]
        pcm = b"".join(np.full(SAMPLES_PER_UNIT, word, dtype="<i2").tobytes() for word in piece)
        made = chunk(
            seq,
            pcm=pcm,
            bot_id=name,
            stream_id=f"{name}/audio",
            epoch=epoch,
            started_at_us=START_US + int(begins_ms * 1000),
        )
        quiet = not any(units[max(0, seq - 20) : seq + 25])
        if rough and quiet and seq and luck.random() < 0.1:
            lost |= set(range(seq, seq + UNITS_PER_CHUNK))
            if luck.random() < 0.5:
                continue
            made = replace(made, kind=ChunkKind.GAP, cause=GapCause.NETWORK, pcm=b"")
        elif not any(piece):
            made = replace(made, kind=luck.choice([ChunkKind.SILENCE, ChunkKind.AUDIO]))
            made = made if made.kind is ChunkKind.AUDIO else replace(made, pcm=b"")
        chunks.append((written_ms, made))
        if rough and luck.random() < 0.02:
            chunks.append((written_ms + luck.uniform(0, 500), made))
        if rough and seq and luck.random() < 0.02:
            chunks[-1] = (written_ms + luck.uniform(0, 800), chunks[-1][1])
    words = [f"w{word}" for word in dict.fromkeys(units) if word]
    return words, sorted(chunks, key=lambda each: each[0])
