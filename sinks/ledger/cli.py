"""`earshot verify`: arguments in, the account out, exit 1 when it does not close."""

import click
import msgspec

from schemas.settings import Settings, load
from schemas.telemetry import configure_logging
from sinks.ledger.table import table
from sinks.ledger.verify import verified


@click.command()
@click.argument("bot_id")
@click.option("--label", default="live", show_default=True, help="Which transcript of the bot.")
@click.option("--json", "as_json", is_flag=True, help="The account as one JSON document.")
@click.pass_context
def verify(context: click.Context, bot_id: str, label: str, as_json: bool) -> None:
    """Prove from the log alone that what BOT_ID heard was delivered or declared lost.

    Exit code 1 when a captured frame is unaccounted for or a stretch of audio neither transcribed nor declared,
    or when the bot is not done yet.
    """
    settings = load(Settings)
    configure_logging(settings.log_level, settings.log_format)
    account = verified(settings, bot_id, label)
    if as_json:
        click.echo(msgspec.json.encode(account))
    else:
        click.echo("\n".join(table(account)))
    context.exit(0 if account.closed else 1)
