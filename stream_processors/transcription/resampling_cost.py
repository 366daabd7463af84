"""`python -m stream_processors.transcription.resampling_cost WAV`: what resampling costs, as JSON.

CPU time of this thread for each 100 ms chunk, the best of `ROUNDS` runs (the others shared their core).
"""

import json
import time
from pathlib import Path

import click

from schemas.timebase import BYTES_PER_UNIT, UNITS_PER_CHUNK
from stream_processors.transcription.hearing.resampling import Resampler
from stream_processors.transcription.offline import read_wav

CHUNK_BYTES = BYTES_PER_UNIT * UNITS_PER_CHUNK
ROUNDS = 7


@click.command()
@click.argument("wav", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def resampling_cost(wav: Path) -> None:
    """Measure on a 48 kHz mono WAV."""
    pcm = read_wav(wav)
    chunks = [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]
    best_us = min(_round_us(chunks) for _ in range(ROUNDS))
    click.echo(json.dumps({"resampling_us_per_chunk": round(best_us, 1)}))


def _round_us(chunks: list[bytes]) -> float:
    resampler, began_ns = Resampler(), time.thread_time_ns()
    for chunk in chunks:
        resampler.feed(chunk)
    return (time.thread_time_ns() - began_ns) / 1000 / len(chunks)


if __name__ == "__main__":
    resampling_cost()
