"""`python -m stream_processors.transcription.gate_cost WAV`: what detectors and gate cost for this talker, as JSON.

CPU time of this thread for each 100 ms chunk, once with WebRTC alone and once with Silero where it is installed; the
best of `ROUNDS` runs (the others shared their core). `silero_share` is the part of the audio that Silero was given.
"""

import json
import time
from pathlib import Path

import click

from schemas.timebase import BYTES_PER_UNIT, SAMPLES_PER_UNIT, UNITS_PER_CHUNK
from stream_processors.transcription.hearing import silero
from stream_processors.transcription.hearing.gate import Gate, GateSettings
from stream_processors.transcription.hearing.vad import Confirmer, Vad
from stream_processors.transcription.offline import read_wav

CHUNK_BYTES = BYTES_PER_UNIT * UNITS_PER_CHUNK
ROUNDS = 7


class Counted:
    """A confirmer that counts the bytes it was given."""

    def __init__(self, inner: Confirmer) -> None:
        self._inner = inner
        self.heard_bytes = 0

    def voice(self, pcm_16k: bytes) -> bool:
        self.heard_bytes += len(pcm_16k)
        return self._inner.voice(pcm_16k)

    def forget(self) -> None:
        self._inner.forget()


@click.command()
@click.argument("wav", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def gate_cost(wav: Path) -> None:
    """Measure on a 48 kHz mono WAV of somebody who talks."""
    pcm = read_wav(wav)
    chunks = [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]
    figures: dict[str, float | None] = {"chunks": len(chunks), "webrtc_us_per_chunk": _best_us(chunks, None)}
    make = silero.confirmer("auto")
    counted = Counted(make()) if make else None
    figures["silero_us_per_chunk"] = _best_us(chunks, counted) if counted else None
    figures["silero_share"] = counted.heard_bytes * 3 / len(pcm) / ROUNDS if counted else None
    click.echo(json.dumps(figures))


def _best_us(chunks: list[bytes], confirmer: Confirmer | None) -> float:
    return min(_round_us(chunks, confirmer) for _ in range(ROUNDS))


def _round_us(chunks: list[bytes], confirmer: Confirmer | None) -> float:
    vad, gate = Vad(confirmer), Gate(GateSettings(), 0)
    started_ns = time.thread_time_ns()
    sample = 0
    for chunk in chunks:
        for heard in vad.hear(chunk, in_doubt=gate.in_doubt):
            gate.unit(sample, heard)
            sample += SAMPLES_PER_UNIT
    return (time.thread_time_ns() - started_ns) / 1000 / len(chunks)


if __name__ == "__main__":
    gate_cost()
