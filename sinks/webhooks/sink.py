"""The parts of the sink in one process: events to the journal, commands to the journal, the journal to endpoints.

Only the log is between them.
"""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import structlog

from schemas.errors import UsageError
from schemas.garbage import spare_what_stays
from schemas.registry import Registry
from schemas.settings import WebhookSettings
from schemas.timebase import SystemClock
from sinks.webhooks.commands.executor import CommandExecutor
from sinks.webhooks.config import allowed_ranges, proxy_url, secret_keys
from sinks.webhooks.dispatch.dispatcher import Dispatcher
from sinks.webhooks.dispatch.loop import STAGE, DispatchLoop
from sinks.webhooks.dispatch.outcome_log import OutcomeLog
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.registration import disabled
from sinks.webhooks.endpoints.retry_policy import retry_policy
from sinks.webhooks.endpoints.store import EndpointFollower, EndpointStore
from sinks.webhooks.fan_out.loop import FanOutLoop
from sinks.webhooks.log.writer import LogWriter
from sinks.webhooks.parking.refetch import Refetch
from sinks.webhooks.posting.delivery import Poster

DELIVERIES_LINGER_MS = 2
OUTCOMES_LINGER_MS = 20  # no receiver waits for them, and many in one request cost a fraction
log = structlog.get_logger()


class WebhookSink:
    """One member of the sink's groups. `own` is the endpoint that the settings name; the others are on the log.

    Everything before the fan-out's committed offsets is on `webhook.deliveries`; everything there before the dispatcher's
    is settled on `webhook.attempts` or lies on `webhook.parked`.
    """

    def __init__(self, settings: WebhookSettings, own: Endpoint | None) -> None:
        self._settings = settings
        self._own = own
        self._book = EndpointBook((), retry_policy(settings.webhook_retry_waits_s, settings.webhook_max_attempts))
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End after what is under way."""
        self._stopped.set()

    async def run(self) -> None:
        """Until `stop`. Raises Unavailable when Kafka or the registry is away, alone or in a group."""
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            running = await self._start(stack, tasks)
            spare_what_stays()
            log.info("sink_started", sink="webhooks", group=self._settings.webhook_consumer_group)
            try:
                await self._stopped.wait()
            finally:
                for part in running:
                    part.stop()
            await asyncio.wait(running.values())
            for attending in self._attending:
                attending.cancel()

    async def _start(
        self, stack: AsyncExitStack, tasks: asyncio.TaskGroup
    ) -> dict[FanOutLoop | DispatchLoop | CommandExecutor, "asyncio.Task[None]"]:
        settings, clock = self._settings, SystemClock()
        await asyncio.to_thread(Registry(settings.schema_registry_url).demand_answer)
        deliveries = await stack.enter_async_context(LogWriter(settings, STAGE, linger_ms=DELIVERIES_LINGER_MS))
        outcomes = await stack.enter_async_context(LogWriter(settings, STAGE, linger_ms=OUTCOMES_LINGER_MS))
        poster = Poster(clock=clock, ranges=allowed_ranges(settings), proxy_url=proxy_url(settings))
        await stack.enter_async_context(poster)
        bodies = Refetch(settings)
        stack.callback(bodies.close)
        dispatcher = Dispatcher(self._book, poster, OutcomeLog(outcomes, clock), bodies, clock)
        dispatcher.run(tasks)
        on_change = partial(self._learn, dispatcher)
        await stack.enter_async_context(EndpointFollower(settings, secret_keys(settings), self._own, on_change))
        self._attending = [
            tasks.create_task(deliveries.failed()),
            tasks.create_task(outcomes.failed()),
            tasks.create_task(self._attend(dispatcher)),
        ]
        parts = (
            FanOutLoop(settings, self._book, deliveries, clock),
            DispatchLoop(settings, dispatcher, outcomes, clock),
            CommandExecutor(settings),
        )
        return {part: tasks.create_task(part.run()) for part in parts}

    def _learn(self, dispatcher: Dispatcher, endpoints: list[Endpoint]) -> None:
        dispatcher.endpoints_changed(self._book.replace(endpoints))

    async def _attend(self, dispatcher: Dispatcher) -> None:
        """Put on the log which endpoints are disabled. The settings' own is not there: it is closed until a restart."""
        while True:
            endpoint_id, reason = await dispatcher.closings.get()
            await asyncio.to_thread(self._disable, endpoint_id, reason)

    def _disable(self, endpoint_id: str, reason: str) -> None:
        try:
            with EndpointStore(self._settings) as store:
                store.change(endpoint_id, lambda record: disabled(record, reason, SystemClock().now_us()))
        except UsageError as error:
            log.warning("endpoint_not_on_the_log", endpoint_id=endpoint_id, error=error.message)
