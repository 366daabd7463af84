"""Why a try failed, told apart: certificates, the guard, slow answers, and a proxy that is nobody's fault but ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from schemas.timebase import SystemClock
from sinks.guard import customer_link
from sinks.guard.ranges import Ranges
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import Answer
from sinks.webhooks.endpoints.secret import Secret, secret_of
from sinks.webhooks.posting.delivery import Poster
from sinks.webhooks.posting.failure import answered_class
from tests.fakes.certificates import Certificate, server_context
from tests.fakes.http_proxy import proxying
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_endpoints import LOOPBACK
from tests.fakes.webhook_receiver import SECRET, Fault, listening

KEY = secret_of(SECRET, field="secret")
DRIP_S = 0.02


async def post_to(
    url: str,
    *,
    timeout_s: float = 5.0,
    ranges: Ranges = LOOPBACK,
    proxy_url: str = "",
    secrets: tuple[Secret, ...] = (KEY,),
) -> Answer:
    async with Poster(clock=SystemClock(), ranges=ranges, proxy_url=proxy_url) as poster:
        endpoint = Endpoint(endpoint_id="ep_1", url=url, secrets=secrets, timeout_s=timeout_s)
        return await poster.post(endpoint, delivery(0, 0))


@asynccontextmanager
async def tls_server(certificate: Path) -> AsyncIterator[str]:
    """Shows a certificate and says yes to whoever takes it."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_context(certificate))
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


@asynccontextmanager
async def dripping(head: bytes) -> AsyncIterator[str]:
    """Slow-loris: `head` at once, then a byte every now and then, for ever."""
    tasks: set[asyncio.Task[None]] = set()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(DRIP_S)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("certificate", "trusted", "error_class"),
    [
        (Certificate(), True, ""),
        (Certificate(), False, "tls_untrusted"),
        (Certificate(days=-1), True, "tls_expired"),
        (Certificate(host="elsewhere.example"), True, "tls_hostname"),
    ],
)
async def test_a_broken_certificate_says_what_is_broken(
    certificate: Certificate, trusted: bool, error_class: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expired, another host's, signed by nobody we know; and the one that is good is taken."""
    path = certificate.write(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    customer_link.authorities.cache_clear()
    async with tls_server(path) as url:
        answer = await post_to(url)
    assert answer.error_class == error_class
    assert answer.charged


@pytest.mark.parametrize(
    ("status", "date", "error_class"),
    [
        (401, "Wed, 18 Nov 2026 12:26:40 GMT", "http_4xx"),
        (401, "Wed, 18 Nov 2026 12:31:41 GMT", "clock_skew"),
        (401, "Wed, 18 Nov 2026 12:21:39 GMT", "clock_skew"),
        (401, None, "http_4xx"),
        (401, "soon", "http_4xx"),
        (503, "Wed, 18 Nov 2026 18:00:00 GMT", "http_5xx"),
        (204, "Wed, 18 Nov 2026 18:00:00 GMT", ""),
    ],
)
def test_clocks_that_disagree_are_told(status: int, date: str | None, error_class: str) -> None:
    """A refusal by a server more than 5 minutes away from us in time: it takes our signatures for old ones."""
    assert answered_class(status, date, 1_795_004_800_000_000) == error_class


async def test_a_private_address_is_blocked_and_never_reached() -> None:
    """Even when the record with it was written while it was allowed."""
    async with listening() as receiver:
        answer = await post_to(receiver.url, ranges=Ranges())
    assert (answer.status, answer.error_class, answer.charged) == (0, "blocked", True)
    assert receiver.tries == []


async def test_headers_that_drip_end_with_the_endpoint_s_time() -> None:
    """Slow-loris: every byte is progress, but the whole answer has one time limit."""
    async with dripping(b"HTTP/1.1 200 OK\r\nx-slow: ") as url:
        assert (await post_to(url, timeout_s=0.5)).error_class == "timeout"


async def test_a_body_that_drips_after_yes_does_not_hold_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is known; what follows it gets little time and little room."""
    monkeypatch.setattr("sinks.webhooks.posting.exchange.SNIPPET_TIMEOUT_S", 0.2)
    async with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n") as url:
        answer = await post_to(url, timeout_s=30)
    assert answer.delivered
    assert 0 < len(answer.snippet) < 999


async def test_through_a_proxy_a_delivery_arrives_and_is_verified() -> None:
    """Name and password of the proxy go to the proxy."""
    async with listening() as receiver, proxying() as proxy:
        answer = await post_to(receiver.url, proxy_url=proxy.url.replace("//", "//us:pw@"))
    assert answer.delivered
    assert [receipt.verified for receipt in receiver.receipts] == [True]
    assert proxy.asked == [f"POST {receiver.url} HTTP/1.1"]
    assert len(proxy.authorizations) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_us_is_not_charged_to_the_endpoint(scheme: str) -> None:
    """407: our password is wrong, and the endpoint never heard of it."""
    async with proxying(refuse_with=407) as proxy:
        answer = await post_to(f"{scheme}://127.0.0.1:9/", proxy_url=proxy.url)
    assert (answer.status, answer.error_class, answer.charged) == (0, "proxy", False)


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_a_tunnel_that_a_proxy_does_not_open_is_not_charged(status: int) -> None:
    """Whatever it says, it is not the endpoint that said it."""
    async with proxying(refuse_with=status) as proxy:
        answer = await post_to("https://127.0.0.1:9/", proxy_url=proxy.url)
    assert (answer.error_class, answer.charged) == ("proxy", False)


async def test_a_proxy_that_is_away_is_not_charged() -> None:
    """Nobody listens at its port."""
    async with proxying() as proxy:
        gone = proxy.url
    answer = await post_to("http://127.0.0.1:9/", proxy_url=gone)
    assert (answer.error_class, answer.charged) == ("proxy", False)


@pytest.mark.parametrize(("status", "error_class"), [(502, "connect_refused"), (504, "connect_timeout")])
async def test_an_endpoint_that_a_proxy_cannot_reach_is_charged(status: int, error_class: str) -> None:
    """The proxy works and says so: Bad Gateway and Gateway Timeout are about the endpoint."""
    async with proxying(refuse_with=status) as proxy:
        answer = await post_to("https://127.0.0.1:9/", proxy_url=proxy.url)
    assert (answer.error_class, answer.charged) == (error_class, True)


async def test_a_private_literal_is_not_even_asked_of_a_proxy() -> None:
    """Names are the proxy's to guard; an address in the link is ours."""
    async with proxying() as proxy:
        answer = await post_to("http://10.0.0.1/", proxy_url=proxy.url, ranges=Ranges())
    assert (answer.error_class, proxy.asked) == ("blocked", [])


async def test_without_a_valid_secret_nothing_is_sent() -> None:
    """Nor is the endpoint charged: the key is ours to mend."""
    async with listening() as receiver:
        answer = await post_to(receiver.url, secrets=(Secret(KEY.scheme, KEY.text, valid_until_us=0),))
    assert (answer.error_class, answer.charged) == ("unsigned", False)
    assert receiver.tries == []


@pytest.mark.parametrize("field", ["delivery_id", "content_type"])
async def test_a_record_cannot_bring_a_header_of_its_own(field: str) -> None:
    """A line break in what becomes a header is refused before anything is sent, and ends nothing but this try."""
    forged = msgspec.structs.replace(delivery(0, 0), **{field: "x\r\nx-evil: 1"})
    async with listening() as receiver, Poster(clock=SystemClock(), ranges=LOOPBACK) as poster:
        answer = await poster.post(Endpoint(endpoint_id="ep_1", url=receiver.url, secrets=(KEY,)), forged)
    assert (answer.error_class, answer.charged, answer.request_headers) == ("bad_header", False, {})
    assert receiver.tries == []


async def test_secrets_and_payloads_stay_out_of_answers_and_logs() -> None:
    """Whatever goes wrong: nothing that is kept or logged holds the secret, the signature or the body."""
    with capture_logs() as logs:
        async with listening() as receiver, proxying(refuse_with=407) as proxy:
            receiver.knob = lambda _receipt, nth: Fault(500) if nth == 1 else Fault(drop=True)
            answers = [await post_to(receiver.url), await post_to(receiver.url)]
            answers += [await post_to(receiver.url, ranges=Ranges()), await post_to(receiver.url, proxy_url=proxy.url)]
    kept = repr(answers) + repr(logs)
    assert SECRET not in kept
    assert SECRET.removeprefix("whsec_") not in kept
    assert delivery(0, 0).body.decode() not in kept
    assert answers[0].request_headers["webhook-signature"] == "v1,…"
