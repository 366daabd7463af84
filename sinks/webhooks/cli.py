"""`earshot sink webhooks`: one process of the sink."""

import asyncio
import signal

import click
import structlog
import uvloop

from schemas.errors import EarshotError
from schemas.health import Readiness, serve
from schemas.settings import WebhookSettings, load
from schemas.telemetry import configure_logging
from sinks.webhooks.config import own_endpoint
from sinks.webhooks.sink import WebhookSink

log = structlog.get_logger()


@click.command()
def webhooks() -> None:
    """Post the public events of every bot to every endpoint, as Standard Webhooks, in order for each bot.

    A failed try is repeated with growing waits while that bot's later events queue behind it; after the last try the
    delivery goes to webhook.deliveries.dlq. Run as many as you like: they share the topics' partitions. SIGTERM lets the
    tries under way end, commits, and ends.

    Where to: `earshot webhooks endpoints add`, before or while this runs, with the same EARSHOT_WEBHOOK_KEYS; besides, one
    endpoint by EARSHOT_WEBHOOK_URL and EARSHOT_WEBHOOK_SECRET (whsec_…, also given to the receiver).
    """
    settings = load(WebhookSettings)
    configure_logging(settings.log_level, settings.log_format)
    serve(settings, Readiness())
    target = own_endpoint(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(WebhookSink(settings, target)))
    except ExceptionGroup as group:
        raise _cause(group) from group
    log.info("sink_stopped", sink="webhooks")


async def _run(sink: WebhookSink) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, sink.stop)
    await sink.run()


def _cause(group: BaseException) -> BaseException:
    """The named failure that ended the tasks, or the group as it is when none of them has a name."""
    while isinstance(group, ExceptionGroup):
        named = group.subgroup(EarshotError)
        if named is None:
            return group
        group = named.exceptions[0]
    return group
