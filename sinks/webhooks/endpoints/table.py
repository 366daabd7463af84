"""`webhook.endpoints` as a table: the last record of each key. Pure."""

from collections.abc import Iterator, Mapping

from schemas.errors import UsageError
from schemas.events import WebhookEndpoint
from sinks.webhooks.endpoints.endpoint import Endpoint, opened
from sinks.webhooks.endpoints.keyring import Keyring


class EndpointTable:
    """The order on the log decides, not the revision: compaction keeps the last record, so every reader agrees."""

    def __init__(self) -> None:
        self._records: dict[str, WebhookEndpoint] = {}

    def take(self, endpoint_id: str, record: WebhookEndpoint | None) -> WebhookEndpoint | None:
        """The next record of a key, None for a removal; returns what was there before."""
        before = self._records.pop(endpoint_id, None)
        if record is not None:
            self._records[endpoint_id] = record
        return before

    @property
    def records(self) -> Mapping[str, WebhookEndpoint]:
        return self._records

    def demand(self, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint's record; raises UsageError when there is none."""
        if endpoint_id not in self._records:
            known = ", ".join(sorted(self._records)) or "none yet: `earshot webhooks endpoints add`"
            raise UsageError(f"there is no endpoint {endpoint_id}", remedy=f"endpoints: {known}")
        return self._records[endpoint_id]

    def opened(self, keyring: Keyring) -> Iterator[tuple[Endpoint, str]]:
        """Every endpoint with why its secrets do not open, empty when they do.

        An endpoint whose secrets do not open has none: its events are kept and its tries fail, which loses nothing.
        """
        for record in self._records.values():
            try:
                yield opened(record, keyring), ""
            except UsageError as error:
                yield opened(record, keyring, without_secrets=True), error.message
