"""`earshot transcribe`."""

import asyncio
from pathlib import Path

import click
import uvloop

from schemas.errors import UsageError
from schemas.health import Readiness, serve
from schemas.settings import TranscribeSettings, load
from schemas.telemetry import configure_logging


@click.command()
@click.option(
    "--wav",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Transcribe a 48 kHz mono WAV file instead, as fast as the engine can, and print one JSON object.",
)
@click.option("--bot", "bot_id", help="Transcribe this bot's past meeting again, from the log, and end.")
@click.option("--as", "label", help="With --bot: the label of the new transcript; the live one is left alone.")
@click.option("--provider", help="The only provider to ask, instead of EARSHOT_PROVIDER and its fallbacks.")
def transcribe(wav: Path | None, bot_id: str | None, label: str | None, provider: str | None) -> None:
    """Turn audio frames into transcription results.

    Reads audio.frames; writes words to stt.results, what happened to provider sessions to stt.sessions, and what the
    sequencer saw to audio.quality. Runs until it is told to stop; several workers of one group share the bots.

    With --bot and --as it transcribes one meeting that is over into a transcript of its own, and ends. Whatever stops
    it, the same command goes on where that transcript ends.
    """
    if (bot_id is None) is not (label is None):
        raise UsageError("--bot and --as belong together", remedy="--bot BOT_ID --as LABEL")
    if wav and bot_id is not None:
        raise UsageError("--wav and --bot exclude each other", remedy="leave one of them out")
    settings = load(TranscribeSettings)
    if provider:
        settings = settings.model_copy(update={"provider": provider, "provider_fallbacks": ""})
    configure_logging(settings.log_level, settings.log_format)
    if wav:
        from stream_processors.transcription.offline import transcribe_file

        click.echo(asyncio.run(transcribe_file(settings, wav)))
        return
    if bot_id is not None and label is not None:
        _again(settings, bot_id, label)
        return
    serve(settings, Readiness())
    from stream_processors.transcription.process import transcribe as run

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # the consumer's thread has a loop of its own
    asyncio.run(run(settings))


def _again(settings: TranscribeSettings, bot_id: str, label: str) -> None:
    from stream_processors.transcription.backfill.process import backfill, demand_label

    demand_label(label)
    serve(settings, Readiness())
    click.echo(asyncio.run(backfill(settings, bot_id, label)))
