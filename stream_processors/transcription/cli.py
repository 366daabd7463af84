"""`earshot transcribe`."""

import asyncio
from pathlib import Path

import click

from schemas.health import Readiness, serve
from schemas.settings import TranscribeSettings, load
from schemas.telemetry import configure_logging


@click.command()
@click.option(
    "--wav",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Transcribe a 48 kHz mono WAV file instead, as fast as the engine can, and print one JSON object.",
)
def transcribe(wav: Path | None) -> None:
    """Turn audio frames into transcription results.

    Reads audio.frames; writes words to stt.results, what happened to provider sessions to stt.sessions, and what the
    sequencer saw to audio.quality. Runs until it is told to stop; several workers of one group share the bots.
    """
    settings = load(TranscribeSettings)
    configure_logging(settings.log_level, settings.log_format)
    if wav:
        from stream_processors.transcription.offline import transcribe_file

        click.echo(asyncio.run(transcribe_file(settings, wav)))
        return
    serve(settings, Readiness())
    from stream_processors.transcription.process import transcribe as run

    asyncio.run(run(settings))
