"""One POST of one delivery, and what came of it. No redirects, capped in time and in what is read of the answer."""

import ssl

import aiohttp

from schemas.events import WebhookDelivery
from schemas.timebase import Clock
from sinks.webhooks.endpoint import Endpoint
from sinks.webhooks.retry_policy import Answer
from sinks.webhooks.signing import signed_headers

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 60.0
SNIPPET_BYTES = 16_384
STATUS_CLASSES = {2: "", 3: "redirect", 4: "http_4xx", 5: "http_5xx"}
ERROR_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (ssl.SSLError, "tls"),
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "connect_refused"),
    (aiohttp.ServerDisconnectedError, "reset"),
    (aiohttp.ClientConnectorError, "connect_refused"),
    (aiohttp.ClientOSError, "reset"),
    (OSError, "reset"),
    (aiohttp.ClientError, "protocol"),
)


class Poster:
    """Posts to any endpoint over connections it keeps open; must be made in a running event loop."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def __aenter__(self) -> "Poster":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, endpoint: Endpoint, delivery: WebhookDelivery) -> Answer:
        """Never raises for what the other side does: the answer's error class says it."""
        started_ms = self._clock.monotonic_ms()
        try:
            return await self._post(endpoint, delivery, started_ms)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Answer(0, error_class(error), self._since_ms(started_ms))

    async def _post(self, endpoint: Endpoint, delivery: WebhookDelivery, started_ms: float) -> Answer:
        headers = signed_headers(
            endpoint.secrets[0].text, delivery.delivery_id, delivery.body, delivery.content_type, self._clock.now_us()
        )
        timeout = aiohttp.ClientTimeout(total=endpoint.timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        async with self._session.post(
            endpoint.url, data=delivery.body, headers=headers, allow_redirects=False, timeout=timeout
        ) as response:
            latency_ms = self._since_ms(started_ms)
            snippet = await _snippet(response)
            return Answer(
                response.status,
                STATUS_CLASSES.get(response.status // 100, "protocol"),
                latency_ms,
                snippet,
                response.headers.get("Retry-After"),
            )

    def _since_ms(self, started_ms: float) -> int:
        return round(self._clock.monotonic_ms() - started_ms)


def error_class(error: BaseException) -> str:
    """A short stable word for why there was no answer."""
    return next(name for kind, name in ERROR_CLASSES if isinstance(error, kind))


async def _snippet(response: aiohttp.ClientResponse) -> str:
    """The answer's beginning. Its status has been given by now, so a body that stalls or breaks changes nothing."""
    got = bytearray()
    try:
        async for part in response.content.iter_any():
            got += part[: SNIPPET_BYTES - len(got)]
            if len(got) >= SNIPPET_BYTES:
                response.close()  # what is left unread would otherwise be read to keep the connection
                break
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()
    return got.decode("utf-8", "replace")
