"""`earshot tail` and `earshot transcript`: arguments in, lines out."""

import shutil
from contextlib import suppress

import click
import msgspec

from schemas.errors import UsageError
from schemas.events import BotEvent, Turn
from schemas.settings import Settings, load
from schemas.telemetry import configure_logging
from schemas.topics import BOT_EVENTS, TRANSCRIPT_TURNS
from sinks.bot_log import BotLog
from sinks.terminal.tail import Wish, lines, topic_named
from sinks.terminal.transcript import Transcript, rendered, settled


@click.command()
@click.argument("topic")
@click.option("--bot", "bot_id", help="Only this bot's records.")
@click.option(
    "--from",
    "start",
    type=click.Choice(["beginning", "end"]),
    help="Where to start; by default at the end, with --until-end at the beginning.",
)
@click.option("--until-end", is_flag=True, help="Stop at the end of the topic as it is now.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many records.")
def tail(topic: str, bot_id: str | None, start: str | None, until_end: bool, limit: int | None) -> None:
    """Print TOPIC's records, decoded, as JSON lines, and go on as new ones come.

    Audio and other bytes are shown by their length. A record that cannot be read is shown with its error; a record of
    a dead-letter topic with its headers and the first bytes of its value, in hex.
    """
    settings = _settings()
    from_end = not until_end if start is None else start == "end"
    wish = Wish(topic_named(topic), bot_id, from_end=from_end, follow=not until_end, limit=limit)
    with suppress(KeyboardInterrupt):
        for line in lines(settings, wish):
            click.echo(line)


@click.command()
@click.argument("bot_id")
@click.option("--label", default="live", show_default=True, help="Which transcript of the bot.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
def transcript(bot_id: str, label: str, as_json: bool) -> None:
    """Print BOT_ID's transcript from the log: who said what, when, over whom; the last revision of every turn."""
    log = BotLog(_settings(), bot_id)
    turns = settled((logged.record for logged in log.records(TRANSCRIPT_TURNS, Turn)), label)
    if not turns:
        _explain_nothing(log, label)
    if as_json:
        click.echo(msgspec.json.encode(Transcript(bot_id=bot_id, transcript_label=label, turns=turns)))
        return
    for line in rendered(turns, shutil.get_terminal_size((120, 24)).columns):
        click.echo(line)


def _explain_nothing(log: BotLog, label: str) -> None:
    if next(log.records(BOT_EVENTS, BotEvent), None) is None:
        raise UsageError(
            f"the log knows no bot {log.bot_id!r}", remedy="`earshot tail bot.events --until-end` shows those it knows"
        )
    click.echo(f"no turn of {log.bot_id} ({label}) has settled yet", err=True)


def _settings() -> Settings:
    settings = load(Settings)
    configure_logging(settings.log_level, settings.log_format)
    return settings
