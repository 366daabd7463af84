"""The endpoints there are, as everything in the sink sees them. Pure."""

from collections.abc import Iterable

from schemas.vocabulary import OnExhausted
from sinks.webhooks.endpoints.address import host_and_port
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import RetryPolicy
from sinks.webhooks.endpoints.terms import Terms
from sinks.webhooks.events.envelope import PublicEvent


class EndpointBook:
    """`replace` whenever the endpoints on the log have changed. `policy` is for endpoints without one of their own.

    An endpoint that is closed here stays closed until its record says something new.
    """

    def __init__(self, endpoints: Iterable[Endpoint], policy: RetryPolicy) -> None:
        self._policy = policy
        self._endpoints: dict[str, Endpoint] = {}
        self._closed: dict[str, Endpoint] = {}
        self.replace(endpoints)

    def replace(self, endpoints: Iterable[Endpoint]) -> set[str]:
        """Ids of the endpoints that are new, changed or gone."""
        before, self._endpoints = self._endpoints, {one.endpoint_id: one for one in endpoints}
        changed = {
            endpoint_id
            for endpoint_id in before.keys() | self._endpoints.keys()
            if before.get(endpoint_id) != self._endpoints.get(endpoint_id)
        }
        self._closed = {name: one for name, one in self._closed.items() if name not in changed}
        return changed

    def close(self, endpoint_id: str) -> None:
        """Serve it no longer, before its record says so."""
        if endpoint_id in self._endpoints:
            self._closed[endpoint_id] = self._endpoints[endpoint_id]

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        return self._endpoints.get(endpoint_id)

    def subscribers(self, event: PublicEvent) -> list[Endpoint]:
        """Who is told of `event`, in order of id."""
        return self.wanting(event.tenant_id, event.type, event.occurred_at_us)

    def wanting(self, tenant_id: str, event_type: str, occurred_at_us: int) -> list[Endpoint]:
        """An endpoint gets what happened after it was made, whenever that is read.

        A disabled one is told too: its deliveries are skipped on the record, its numbers stay dense, and it can recover.
        """
        return [
            one
            for _, one in sorted(self._endpoints.items())
            if one.tenant_id == tenant_id and one.created_at_us <= occurred_at_us and one.wants(event_type)
        ]

    def terms(self, endpoint_id: str) -> Terms | None:
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint is None:
            return None
        waits_s = endpoint.retry_waits_s
        return Terms(
            policy=RetryPolicy(waits_s, len(waits_s) + 1) if waits_s else self._policy,
            concurrency=endpoint.concurrency,
            rate_per_s=endpoint.rate_per_s,
            hold=endpoint.on_exhausted is OnExhausted.HOLD,
            ordering=endpoint.ordering,
            enabled=endpoint.enabled and endpoint_id not in self._closed,
            url_host=host_and_port(endpoint.url),
        )
