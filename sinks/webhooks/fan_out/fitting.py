"""Makes deliveries fit what their endpoint takes before they are put on the log."""

import asyncio

from schemas.events import WebhookDelivery
from schemas.settings import WebhookSettings
from schemas.timebase import Clock
from sinks.webhooks.content.store import ContentStore, links_of
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.subscription import INLINE_LIMIT_BYTES
from sinks.webhooks.fan_out.frozen import frozen


class Fitting:
    """Raises Unavailable when content cannot be stored."""

    def __init__(self, settings: WebhookSettings, book: EndpointBook, clock: Clock) -> None:
        self._store = ContentStore(settings.webhook_content_dir)
        self._links = links_of(settings, self._store)
        self._book = book
        self._clock = clock

    async def fitted(self, delivery: WebhookDelivery) -> WebhookDelivery:
        """The delivery to put on the log; what its link leads to is on the disk by then."""
        endpoint = self._book.endpoint(delivery.endpoint_id)
        limit_bytes = endpoint.inline_limit_bytes if endpoint else INLINE_LIMIT_BYTES
        found = frozen(delivery, limit_bytes, self._links, self._clock.now_us())
        if found.content is not None:
            await asyncio.to_thread(self._store.put, found.content)
        return found.delivery
