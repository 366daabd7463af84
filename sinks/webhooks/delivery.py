"""One POST of one delivery, and what came of it. No redirects, capped in time and in what is read of the answer."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache

import aiohttp
from yarl import URL

from schemas.events import WebhookDelivery
from schemas.timebase import Clock
from sinks.guard.connector import CONNECT_TIMEOUT_S, guarded_session, proxied_session
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoint import Endpoint
from sinks.webhooks.failure import PROXY_AUTHENTICATION, Failure, answered_class, failure
from sinks.webhooks.retry_policy import Answer
from sinks.webhooks.signing import SIGNATURE, signed_headers, without_secrets

SNIPPET_BYTES = 16_384
SNIPPET_TIMEOUT_S = 2.0
BLOCKED = Failure("blocked")
UNSIGNED = Failure("unsigned", charged=False)
BAD_HEADER = Failure("bad_header", charged=False)


class Poster:
    """Posts to any endpoint over connections it keeps open; must be made in a running event loop.

    Only addresses in `ranges` are connected to. With a proxy, that alone connects; it has to guard names itself, and its
    own failures are not charged to the endpoint.
    """

    def __init__(self, *, clock: Clock, ranges: Ranges, proxy_url: str = "") -> None:
        self._clock = clock
        self._ranges = ranges
        self._proxied = bool(proxy_url)
        self._session = proxied_session(proxy_url) if proxy_url else guarded_session(ranges)

    async def __aenter__(self) -> "Poster":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

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
        url = URL(endpoint.url, encoded=True)
        if self._proxied and self._ranges.permit_literal(url.raw_host or "") is False:
            return _unanswered(BLOCKED, 0, headers)
        try:
            return await self._post(url, endpoint.timeout_s, headers, delivery.body)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return _unanswered(failure(error, proxied=self._proxied), self._since_ms(started_ms), headers)

    async def _post(self, url: URL, timeout_s: float, headers: Mapping[str, str], body: bytes) -> Answer:
        started_ms = self._clock.monotonic_ms()
        payload = aiohttp.BytesPayload(body, content_type=headers["content-type"])
        async with self._session.post(
            url, data=payload, headers=headers, allow_redirects=False, timeout=_timeout(timeout_s)
        ) as response:
            latency_ms = self._since_ms(started_ms)
            of_proxy = self._proxied and response.status == PROXY_AUTHENTICATION
            return Answer(
                status=0 if of_proxy else response.status,
                error_class="proxy" if of_proxy else self._class_of(response),
                latency_ms=latency_ms,
                snippet=await _snippet(response),
                retry_after=response.headers.get("Retry-After"),
                charged=not of_proxy,
                request_headers=without_secrets(headers),
            )

    def _class_of(self, response: aiohttp.ClientResponse) -> str:
        return answered_class(response.status, response.headers.get("Date"), self._clock.now_us())

    def _since_ms(self, started_ms: float) -> int:
        return round(self._clock.monotonic_ms() - started_ms)


@lru_cache(256)
def _timeout(total_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_s, sock_connect=CONNECT_TIMEOUT_S)


def _are_safe(headers: Mapping[str, str]) -> bool:
    """Whether no value could end its line and begin a header of its own: ids and types come from the log."""
    return all(value.isascii() and value.isprintable() for value in headers.values())


def _unanswered(why: Failure, latency_ms: int, headers: Mapping[str, str]) -> Answer:
    return Answer(0, why.error_class, latency_ms, charged=why.charged, request_headers=without_secrets(headers))


async def _snippet(response: aiohttp.ClientResponse) -> str:
    """The answer's beginning. Its status has been given by now, so a body that stalls or breaks changes nothing."""
    if response.content.at_eof():
        return ""
    got = bytearray()
    try:
        async with asyncio.timeout(SNIPPET_TIMEOUT_S):
            async for part in response.content.iter_any():
                got += part[: SNIPPET_BYTES - len(got)]
                if len(got) >= SNIPPET_BYTES:
                    response.close()  # what is left unread would otherwise be read to keep the connection
                    break
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()
    return got.decode("utf-8", "replace")
