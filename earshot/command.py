"""`earshot`: the console command, one subcommand for each process and for what an operator asks.

A stage is imported only when its subcommand runs, so `--help` is quick and a sink needs no browser.
"""

import sys
from importlib import import_module

import click

from schemas.errors import EarshotError

SUBCOMMANDS = {
    "up": ("infra.cli", "Start the local services: Kafka, schema registry, ClickHouse, Janus and its meeting page."),
    "down": ("infra.cli", "Stop the local services."),
    "status": ("infra.cli", "Say which local services run, where, and how they feel."),
    "doctor": ("infra.cli", "Say what is missing on this machine and how to get it."),
    "demo": ("infra.demo.cli", "Run a real meeting end to end and prove what was heard."),
    "topics": ("infra.cli", "Create or list the topics."),
    "bot": ("producers.cli", "Send a bot into one meeting and put what it hears on Kafka."),
    "synthetic": ("producers.synthetic.cli", "Put made-up meetings on the log, without browsers."),
    "transcribe": ("stream_processors.cli", "Turn audio frames into transcription results."),
    "turns": ("stream_processors.cli", "Settle transcription results into turns."),
    "sink": ("sinks.cli", "Carry the log elsewhere: clickhouse, webhooks."),
    "webhooks": ("sinks.webhooks.console.cli", "Webhook endpoints, their delivery log, and sending again."),
    "clickhouse": ("sinks.clickhouse.upkeep", "Look after ClickHouse: bring tables up to date, grant access, erase."),
    "tail": ("sinks.terminal.cli", "Print a topic's records, decoded, as JSON lines."),
    "transcript": ("sinks.terminal.cli", "Print a bot's transcript from the log, readable."),
    "dlq": ("sinks.dead_letters.cli", "List, show and put back the records no reader could make anything of."),
    "verify": ("sinks.ledger.cli", "Prove from the log alone that what a bot heard was delivered or declared lost."),
}


class Stages(click.Group):
    """A group whose commands live in the stages' own `cli` modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        command: click.Command = getattr(import_module(SUBCOMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in SUBCOMMANDS.items()])


@click.group(cls=Stages, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="earshot")
def earshot() -> None:
    """Meeting bots as a streaming data pipeline on Kafka.

    Give it a meeting link: a bot joins, every speaker's audio lands on Kafka as it is spoken, transcripts settle turn by
    turn, and ClickHouse and webhooks are fed from the log. Every process below reads its settings from EARSHOT_…
    variables or an env file; start with `earshot up`, or with `earshot demo` for the whole river.
    """


def main() -> None:
    """Entry point: a named failure becomes two lines on stderr and its exit code."""
    try:
        earshot(standalone_mode=True)
    except EarshotError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.remedy:
            click.echo(f"remedy: {error.remedy}", err=True)
        sys.exit(error.exit_code)
