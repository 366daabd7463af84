"""`earshot turns`."""

import click

from schemas.health import Readiness, serve
from schemas.settings import TurnsSettings, load
from schemas.telemetry import configure_logging


@click.command()
def turns() -> None:
    """Settle transcription results into turns.

    Reads stt.results, meeting.participants and bot.events; writes every revision of a turn to transcript.partials, the
    settled ones to transcript.turns, and to transcript.events when a bot's transcript is complete. Runs until it is told
    to stop; several workers of one group share the bots.
    """
    from stream_processors.turns.worker import run

    settings = load(TurnsSettings)
    configure_logging(settings.log_level, settings.log_format)
    serve(settings, Readiness())
    run(settings)
