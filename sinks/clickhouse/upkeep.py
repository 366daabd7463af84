"""`earshot clickhouse …`: what an operator does to the tables."""

import json
from dataclasses import asdict

import click

from schemas.settings import ClickHouseSettings, load
from schemas.telemetry import configure_logging
from schemas.timebase import SystemClock
from sinks.clickhouse.database.access import AccessRules, statements
from sinks.clickhouse.database.preparation import bring_up_to_date
from sinks.clickhouse.erasure.request import command, post, receipt, wait_for
from sinks.clickhouse.server.adapter import Server
from sinks.clickhouse.server.config import database_of


@click.group()
def clickhouse() -> None:
    """Look after ClickHouse: bring tables up to date, grant access, erase.

    Where: EARSHOT_CLICKHOUSE_HOST, _PORT, _DATABASE, _USER and _PASSWORD; with TLS _SECURE, _CA_FILE and _VERIFY.
    """


@clickhouse.command("migrate")
def migrate() -> None:
    """Apply the schema files that are missing, and keep rows as long as the settings say. Idempotent."""
    settings = _settings()
    applied, altered = bring_up_to_date(settings, Server(settings))
    click.echo(f"applied: {', '.join(applied) or 'nothing, all is there'}")
    for change in altered:
        click.echo(f"kept now: {change.table} for {change.days or 'all'} days")


@clickhouse.command("access")
@click.option("--tenant", "tenants", multiple=True, help="A role for analysts of this tenant; may be given again.")
def access(tenants: tuple[str, ...]) -> None:
    """Print the roles and row policies as SQL, to be run by whoever manages access.

    Roles: earshot_sink inserts and erases; earshot_admin does everything; earshot_analyst_TENANT reads the views, and in them
    the rows of its tenant only. Example: earshot clickhouse access --tenant acme | clickhouse-client
    """
    settings = _settings()
    rules = AccessRules(database_of(settings), settings.clickhouse_cluster)
    for statement in statements(rules, tenants or (settings.tenant_id,)):
        click.echo(f"{statement};")


@clickhouse.command("erase")
@click.option("--bot", "bot_id", required=True, help="Whose rows go; of EARSHOT_TENANT_ID.")
@click.option("--participant", "participant_id", help="Only this participant's rows of the bot.")
@click.option("--by", default="operator", show_default=True, help="Who asks: a role, not a name.")
@click.option("--reason", default="", help="Why; kept with the request.")
@click.option("--wait-s", default=60.0, show_default=True, help="How long to wait for the receipt; 0: not at all.")
def erase(bot_id: str, participant_id: str | None, by: str, reason: str, wait_s: float) -> None:
    """Erase one bot's rows, or one participant's, for good, and print the receipt as JSON.

    The command goes to the log; `earshot sink clickhouse` carries it out. What a replay brings back later is hidden at once
    and removed again. Records on Kafka itself go when their topics' retention ends.
    """
    settings = _settings()
    now_us = SystemClock().now_us()
    asked = command(settings.tenant_id, bot_id, participant_id, by=by, reason=reason, now_us=now_us)
    post(settings, asked)
    if wait_s:
        server = Server(settings)
        found = wait_for(lambda: receipt(server, settings, asked), wait_s)
        click.echo(json.dumps(asdict(found)))


def _settings() -> ClickHouseSettings:
    settings = load(ClickHouseSettings)
    configure_logging(settings.log_level, settings.log_format)
    return settings
