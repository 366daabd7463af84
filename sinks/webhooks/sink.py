"""The two halves of the sink in one process: events to the journal, the journal to endpoints. Only the log is between them."""

import asyncio
from contextlib import AsyncExitStack

import structlog

from schemas.settings import WebhookSettings
from schemas.timebase import SystemClock
from sinks.webhooks.book import EndpointBook
from sinks.webhooks.delivery import Poster
from sinks.webhooks.dispatch_loop import STAGE, DispatchLoop
from sinks.webhooks.dispatcher import Dispatcher
from sinks.webhooks.endpoint import Endpoint
from sinks.webhooks.fan_out_loop import FanOutLoop
from sinks.webhooks.log_writer import LogWriter
from sinks.webhooks.outcome_log import OutcomeLog
from sinks.webhooks.refetch import Refetch
from sinks.webhooks.retry_policy import retry_policy

log = structlog.get_logger()


class WebhookSink:
    """One member of the sink's two groups.

    Everything before the fan-out's committed offsets is on `webhook.deliveries`; everything there before the dispatcher's
    is settled on `webhook.attempts` or lies on `webhook.parked`.
    """

    def __init__(self, settings: WebhookSettings, endpoint: Endpoint) -> None:
        self._settings = settings
        policy = retry_policy(settings.webhook_retry_waits_s, settings.webhook_max_attempts)
        self._book = EndpointBook([endpoint], policy)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End after what is under way."""
        self._stopped.set()

    async def run(self) -> None:
        """Until `stop`. Raises Unavailable when Kafka or the registry is away, alone or in a group."""
        settings, clock = self._settings, SystemClock()
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            writer = await stack.enter_async_context(LogWriter(settings, STAGE))
            poster = await stack.enter_async_context(Poster(clock=clock))
            bodies = Refetch(settings)
            stack.callback(bodies.close)
            dispatcher = Dispatcher(self._book, poster, OutcomeLog(writer, clock), bodies, clock)
            dispatcher.run(tasks)
            loops = (FanOutLoop(settings, self._book, writer, clock), DispatchLoop(settings, dispatcher, writer, clock))
            failing = tasks.create_task(writer.failed())
            running = [tasks.create_task(loop.run()) for loop in loops]
            log.info("sink_started", sink="webhooks", group=settings.webhook_consumer_group)
            await self._stopped.wait()
            for loop in loops:
                loop.stop()
            await asyncio.wait(running)
            failing.cancel()
