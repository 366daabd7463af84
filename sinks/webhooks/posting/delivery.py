"""One POST of one delivery, and what came of it. No redirects, capped in time and in what is read of the answer."""

import resource
from collections.abc import Mapping

import pycurl
from yarl import URL

from schemas.events import WebhookDelivery
from schemas.timebase import Clock
from sinks.guard.customer_link import CustomerLink
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import Answer
from sinks.webhooks.posting.exchange import Exchange
from sinks.webhooks.posting.failure import PROXY_AUTHENTICATION, Failure, answered_class, failure
from sinks.webhooks.posting.signing import SIGNATURE, signed_headers, without_secrets

CONNECTIONS_KEPT = 4_096  # at most; libcurl alone would keep four for each request under way
BLOCKED = Failure("blocked")
PROXY_REFUSED = Failure("proxy", charged=False)
UNSIGNED = Failure("unsigned", charged=False)
BAD_HEADER = Failure("bad_header", charged=False)
BAD_URL = Failure("bad_url")


class Poster:
    """Posts to any endpoint over connections it keeps open.

    Only addresses in `ranges` are connected to. With a proxy, that alone connects; it has to guard names itself, and its
    own failures are not charged to the endpoint.
    """

    def __init__(self, *, clock: Clock, ranges: Ranges, proxy_url: str = "") -> None:
        self._clock = clock
        self._ranges = ranges
        self._proxy_url = proxy_url
        self._multi = pycurl.AsyncCurlMulti()
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._multi.setopt(pycurl.M_MAXCONNECTS, min(CONNECTIONS_KEPT, files // 2))
        self._idle: list[Exchange] = []

    async def __aenter__(self) -> "Poster":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._multi.aclose()
        while self._idle:
            self._idle.pop().close()

    async def post(self, endpoint: Endpoint, delivery: WebhookDelivery) -> Answer:
        """Never raises for what the other side does: the answer's error class says it."""
        started_ms = self._clock.monotonic_ms()
        headers = signed_headers(
            endpoint.secrets, delivery.delivery_id, delivery.body, delivery.content_type, self._clock.now_us()
        )
        if not _are_safe(headers):
            return _unanswered(BAD_HEADER, 0, {})
        if SIGNATURE not in headers:
            return _unanswered(UNSIGNED, 0, headers)
        if refusal := self._refusal(endpoint.url):
            return _unanswered(refusal, 0, headers)
        exchange = self._idle.pop() if self._idle else self._new_exchange()
        trouble = await exchange.post(endpoint.url, headers, delivery.body, endpoint.timeout_s)
        if trouble:
            answer = _unanswered(failure(trouble, proxied=bool(self._proxy_url)), self._since_ms(started_ms), headers)
        else:
            answer = self._answer(exchange, headers)
        self._idle.append(exchange)
        return answer

    def _refusal(self, url: str) -> Failure | None:
        """Endpoints are enrolled with links that are fine; a record from elsewhere may hold anything."""
        if not (url.isascii() and url.isprintable()):
            return BAD_URL
        if not self._proxy_url:
            return None
        try:
            return BLOCKED if self._ranges.permit_literal(URL(url).raw_host or "") is False else None
        except ValueError:
            return BAD_URL

    def _new_exchange(self) -> Exchange:
        return Exchange(self._multi, CustomerLink(self._ranges, self._proxy_url))

    def _answer(self, heard: Exchange, headers: Mapping[str, str]) -> Answer:
        if self._proxy_url and heard.status == PROXY_AUTHENTICATION:
            return _unanswered(PROXY_REFUSED, heard.latency_ms, headers)
        taken = heard.status // 100 == 2
        return Answer(
            status=heard.status,
            error_class="" if taken else answered_class(heard.status, heard.field("Date"), self._clock.now_us()),
            latency_ms=heard.latency_ms,
            snippet=heard.body.decode("utf-8", "replace") if heard.body else "",
            retry_after=None if taken else heard.field("Retry-After"),
            request_headers=without_secrets(headers),
        )

    def _since_ms(self, started_ms: float) -> int:
        return round(self._clock.monotonic_ms() - started_ms)


def _are_safe(headers: Mapping[str, str]) -> bool:
    """Whether no value could end its line and begin a header of its own: ids and types come from the log."""
    values = "".join(headers.values())
    return values.isascii() and values.isprintable()


def _unanswered(why: Failure, latency_ms: int, headers: Mapping[str, str]) -> Answer:
    return Answer(0, why.error_class, latency_ms, charged=why.charged, request_headers=without_secrets(headers))
