"""The sinks' console command: `sink …`, one process each.

A sink is imported only when its subcommand runs, so one sink's libraries are not needed to run another.
"""

from importlib import import_module

import click

SINKS = {
    "clickhouse": ("sinks.clickhouse.cli", "Write turns, participants, bot events and quality to ClickHouse tables."),
    "webhooks": ("sinks.webhooks.cli", "Post the public events to endpoints, signed, in order for each bot."),
}


class Sinks(click.Group):
    """A group whose commands live in the sinks' own `cli` modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SINKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SINKS:
            return None
        command: click.Command = getattr(import_module(SINKS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in SINKS.items()])


@click.group(cls=Sinks)
def sink() -> None:
    """Carry the log elsewhere: each sink is one process and one consumer group."""
