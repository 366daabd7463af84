"""`earshot webhooks`: endpoints, what was sent to them, and sending it again."""

import asyncio
from collections.abc import Iterable

import click
import msgspec

from schemas import ids
from schemas.errors import UsageError
from schemas.events import WebhookCommand
from schemas.settings import WebhookSettings, load
from schemas.telemetry import configure_logging
from schemas.timebase import SystemClock
from schemas.topics import PARTITIONS
from schemas.vocabulary import CommandKind
from schemas.webhooks.payloads import EVENTS
from sinks.broker import partition_of
from sinks.webhooks.commands import log as command_log
from sinks.webhooks.commands.copy import example_bot_id
from sinks.webhooks.console.endpoints import disable, enable, endpoints, rotate_secret
from sinks.webhooks.console.history import Filter, History, attempt_detail, attempt_lines, message_lines
from sinks.webhooks.console.moment import moment_us
from sinks.webhooks.content import server as content_server
from sinks.webhooks.content.store import ContentStore, links_of
from sinks.webhooks.endpoints.store import EndpointStore
from sinks.webhooks.log.delivery_log import DeliveryLog

WEEK = "7d"
endpoint_option = click.option("--endpoint", "endpoint_id", help="Only this endpoint")
bot_option = click.option("--bot", "bot_id", help="Only this bot")
since_option = click.option("--since", default=WEEK, show_default=True, help="2h ago, or 2026-11-28T10:00 (UTC)")


@click.group()
def webhooks() -> None:
    """Webhook endpoints, their delivery log, and sending again.

    Everything goes through the log: endpoints are records on webhook.endpoints, wishes are records on webhook.commands,
    and what came of it is on webhook.attempts, for 7 days here and for longer in ClickHouse (v_webhook_attempts).
    """
    settings = load(WebhookSettings)
    configure_logging(settings.log_level, settings.log_format)


for command in (endpoints, disable, enable, rotate_secret):
    webhooks.add_command(command)


@webhooks.command()
@endpoint_option
@bot_option
@since_option
@click.option("--status", help="waiting, delivered, retry, exhausted, skipped or held")
def events(endpoint_id: str | None, bot_id: str | None, since: str, status: str | None) -> None:
    """What was to be sent, and how far it got; oldest first."""
    _echo(message_lines(_history(Filter(endpoint_id, bot_id, status=status), since).messages()))


@webhooks.command()
@click.argument("delivery_id", required=False)
@endpoint_option
@bot_option
@since_option
@click.option("--json", "as_json", is_flag=True, help="Whole records, one a line")
def attempts(delivery_id: str | None, endpoint_id: str | None, bot_id: str | None, since: str, as_json: bool) -> None:
    """Every try, of one delivery or of all: when, what was answered, and when the next one is due."""
    tries = _history(Filter(endpoint_id, bot_id, delivery_id), since).tries
    if as_json:
        _echo(msgspec.json.encode(attempt).decode() for attempt in tries)
        return
    _echo(attempt_lines(tries))
    if delivery_id:
        _echo(line for attempt in tries for line in attempt_detail(attempt))


@webhooks.command()
@click.argument("delivery_id")
def resend(delivery_id: str) -> None:
    """Send one delivery once more: the same id, the same body, after what waits for its bot."""
    found = _history(Filter(delivery_id=delivery_id), WEEK).messages()
    if not found:
        raise UsageError(f"there is no delivery {delivery_id} in the last 7 days", remedy="`earshot webhooks events`")
    delivery, place = found[0].delivery, found[0].place
    _demand_endpoint(delivery.endpoint_id)
    command = _command(CommandKind.RESEND, delivery.endpoint_id, bot_id=delivery.bot_id, delivery_id=delivery_id)
    placed = msgspec.structs.replace(command, delivery_offset=place.offset)
    command_log.put(load(WebhookSettings), placed, range(place.partition, place.partition + 1))
    click.echo(f"{delivery_id} will be sent again; see `earshot webhooks attempts {delivery_id}`")


@webhooks.command()
@click.argument("endpoint_id")
@click.option("--since", required=True, help="Events that happened since: 2h ago, or 2026-11-28T10:00 (UTC)")
@click.option("--until", help="… and before")
@bot_option
def recover(endpoint_id: str, since: str, until: str | None, bot_id: str | None) -> None:
    """Send again, in order for each bot, what an endpoint did not get: given up, or skipped while it was disabled."""
    _demand_endpoint(endpoint_id)
    now_us = SystemClock().now_us()
    command = _command(
        CommandKind.RECOVER,
        endpoint_id,
        bot_id=bot_id,
        since_us=moment_us(since, now_us, field="since"),
        until_us=moment_us(until, now_us, field="until") if until else None,
    )
    everywhere = range(PARTITIONS) if bot_id is None else _only(bot_id)
    command_log.put(load(WebhookSettings), command, everywhere)
    click.echo(f"what {endpoint_id} missed will be sent; see `earshot webhooks events --endpoint {endpoint_id}`")


@webhooks.command()
@click.argument("endpoint_id")
@click.option("--event", "event_type", default="bot.done", show_default=True, help="Whose example to send")
def test(endpoint_id: str, event_type: str) -> None:
    """Send an example event, signed like a real one, about a bot that never was (bot_test_…)."""
    if event_type not in EVENTS:
        raise UsageError(f"event {event_type} is not known", remedy=f"one of: {', '.join(EVENTS)}")
    _demand_endpoint(endpoint_id)
    command = _command(CommandKind.TEST, endpoint_id, event_type=event_type)
    bot_id = example_bot_id(command.command_id)
    command_log.put(load(WebhookSettings), msgspec.structs.replace(command, bot_id=bot_id), _only(bot_id))
    click.echo(f"sent to {endpoint_id} as bot {bot_id}; see `earshot webhooks attempts --bot {bot_id}`")


@webhooks.command()
@click.argument("sha256")
def link(sha256: str) -> None:
    """A new link to the content of a large event, for one that has ended; SHA256 is in the event."""
    settings = load(WebhookSettings)
    store = ContentStore(settings.webhook_content_dir)
    if store.size(sha256) is None:
        raise UsageError("no content of that sha256 is kept", remedy="`earshot webhooks resend` sends its event again")
    store.touch(sha256)
    click.echo(links_of(settings, store).make(sha256, SystemClock().now_us()).url)


@webhooks.command()
def serve() -> None:
    """Serve the content of large events behind their links, until SIGTERM."""
    settings = load(WebhookSettings)
    store = ContentStore(settings.webhook_content_dir)
    host, port = settings.webhook_content_host, settings.webhook_content_port
    keep_s = 2 * settings.webhook_link_lifetime_s
    try:
        asyncio.run(content_server.serve(store, links_of(settings, store), SystemClock(), host, port, keep_s))
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}", remedy="set EARSHOT_WEBHOOK_CONTENT_PORT"
        ) from error


def _only(bot_id: str) -> range:
    partition = partition_of(bot_id, PARTITIONS)
    return range(partition, partition + 1)


def _history(wanted: Filter, since: str) -> History:
    history, since_us = History(wanted), moment_us(since, SystemClock().now_us(), field="since")
    with DeliveryLog(load(WebhookSettings)) as log:
        partitions = range(PARTITIONS) if wanted.bot_id is None else _only(wanted.bot_id)
        for partition in partitions:
            for offset, delivery in log.deliveries(partition, since_us):
                history.take_delivery(partition, offset, delivery)
            for _, attempt in log.attempts(partition, since_us):
                history.take_attempt(attempt)
    return history


def _demand_endpoint(endpoint_id: str) -> None:
    """Raise UsageError for an endpoint that is not there, or is disabled: nothing would be sent."""
    settings = load(WebhookSettings)
    if settings.webhook_url and endpoint_id == settings.webhook_endpoint_id:
        return
    with EndpointStore(settings) as store:
        if not store.read().demand(endpoint_id).enabled:
            raise UsageError(f"{endpoint_id} is disabled", remedy=f"`earshot webhooks enable {endpoint_id}`")


def _command(kind: CommandKind, endpoint_id: str, **about: object) -> WebhookCommand:
    settings, now_us, command_id = load(WebhookSettings), SystemClock().now_us(), ids.new_command_id()
    plain: dict[str, object] = {
        "tenant_id": settings.tenant_id,
        "command_id": command_id,
        "event_id": ids.event_id(command_id),
        "occurred_at_us": now_us,
        "produced_at_us": now_us,
        "kind": kind,
        "endpoint_id": endpoint_id,
        "requested_by": "console",
    }
    return msgspec.convert({**plain, **about}, WebhookCommand)


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
