"""`earshot bot`: the composition root of one bot."""

import asyncio

import click
import structlog

from producers.bot.bot import Bot, Request
from producers.bot.outlet import Outlet
from producers.bot.publisher import Publisher
from producers.platforms.registry import resolve
from schemas.health import Readiness, serve
from schemas.ids import new_bot_id
from schemas.priority import go_first
from schemas.settings import BotSettings, load
from schemas.telemetry import configure_logging

log = structlog.get_logger()


@click.command()
@click.option("--meeting-url", required=True, help="The meeting's link, as a person would open it.")
@click.option("--bot-id", default="", help="The bot's id, the key of all its records.  [default: a new one]")
@click.option("--name", "display_name", default="Earshot", show_default=True, help="The name people in the call see.")
def bot(meeting_url: str, bot_id: str, display_name: str) -> None:
    """Send a bot into one meeting and put what it hears on Kafka.

    Prints one JSON line when it records and one when it is done. SIGINT or SIGTERM make it leave, flush and say `done`.
    Exit code 0 when the meeting was recorded to its end; otherwise a message and a remedy.
    """
    settings = load(BotSettings)
    configure_logging(settings.log_level, settings.log_format)
    if not go_first():
        log.info(
            "no_priority", remedy="grant CAP_SYS_NICE, or keep other work off the machine: sound is cut when it is busy"
        )
    serve(settings, Readiness())
    room, link = resolve(meeting_url)
    room.check_name(display_name)
    asyncio.run(send_bot(settings, Request(bot_id or new_bot_id(), display_name, room, link)))


async def send_bot(settings: BotSettings, request: Request) -> None:
    """One bot's whole life; raises the EarshotError that kept it from recording."""
    structlog.contextvars.bind_contextvars(bot_id=request.bot_id)
    outlet = Outlet(settings)
    await outlet.check()
    sent = Bot(settings, request, Publisher(outlet, settings.tenant_id, request.bot_id))
    await sent.live()
    if sent.failure:
        raise sent.failure
