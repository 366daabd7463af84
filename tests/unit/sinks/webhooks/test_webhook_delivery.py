"""One POST against a receiver that misbehaves in every way we name: each way has its own error class."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from schemas.timebase import SystemClock
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import Answer
from sinks.webhooks.endpoints.secret import secret_of
from sinks.webhooks.posting.delivery import Poster
from sinks.webhooks.posting.exchange import SNIPPET_BYTES
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_endpoints import LOOPBACK
from tests.fakes.webhook_receiver import SECRET, Fault, Receipt, listening

Handler = Callable[[web.Request], Awaitable[web.Response]]


async def post_to(url: str, timeout_s: float = 5.0) -> Answer:
    secrets = (secret_of(SECRET, field="secret"),)
    endpoint = Endpoint(endpoint_id="ep_1", url=url, secrets=secrets, timeout_s=timeout_s)
    async with Poster(clock=SystemClock(), ranges=LOOPBACK) as poster:
        return await poster.post(endpoint, delivery(0, 0))


@asynccontextmanager
async def raw_server(
    reply: bytes, *, rest: bytes = b"", rest_after_s: float = 0.0, hold_open: bool = False
) -> AsyncIterator[str]:
    """Answers every connection with these bytes, the rest a while later, and maybe never ends."""

    connections: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        await reader.read(1)
        writer.write(reply)
        await writer.drain()
        await asyncio.sleep(rest_after_s)
        writer.write(rest)
        if hold_open:
            await reader.read()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await asyncio.gather(*filter(None, connections), return_exceptions=True)


@pytest.mark.parametrize(
    ("fault", "status", "error_class"),
    [
        (Fault(200), 200, ""),
        (Fault(204), 204, ""),
        (Fault(302, headers=(("Location", "/elsewhere"),)), 302, "redirect"),
        (Fault(404), 404, "http_4xx"),
        (Fault(429, headers=(("Retry-After", "7"),)), 429, "http_4xx"),
        (Fault(503), 503, "http_5xx"),
        (Fault(drop=True), 0, "reset"),
        (Fault(stall_s=2), 0, "timeout"),
    ],
)
async def test_an_answer_is_classed_by_what_it_is(fault: Fault, status: int, error_class: str) -> None:
    """2xx is delivered, everything else is not; a redirect is an answer, never followed."""
    async with listening() as receiver:
        receiver.knob = lambda _receipt, _nth: fault
        answer = await post_to(receiver.url, timeout_s=0.5)
    assert (answer.status, answer.error_class) == (status, error_class)
    assert answer.delivered == (error_class == "")
    assert answer.retry_after == dict(fault.headers).get("Retry-After")
    assert len(receiver.tries) == 1


async def test_a_request_is_signed_and_says_who_sends_it() -> None:
    """The receiver's own library accepts it."""
    async with listening() as receiver:
        await post_to(receiver.url)
    [receipt] = receiver.receipts
    assert receipt.verified
    assert receipt.message_id == "msg_0_0"


async def test_a_request_signed_with_another_secret_is_counted_as_unsigned() -> None:
    """Negative control: what the receiver reports as verified was verified."""
    async with listening("whsec_" + "B" * 32) as receiver:
        answer = await post_to(receiver.url)
    assert answer.status == 401
    assert [receipt.verified for receipt in receiver.receipts] == [False]


async def test_nobody_listening_is_connect_refused() -> None:
    """A port nobody holds."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        answer = await post_to(f"http://127.0.0.1:{held.getsockname()[1]}/")
    assert (answer.status, answer.error_class) == (0, "connect_refused")


async def test_a_name_nobody_knows_is_dns() -> None:
    """The .invalid names never exist."""
    assert (await post_to("http://nobody.invalid/")).error_class == "dns"


async def test_plain_http_where_tls_is_wanted_is_tls() -> None:
    """A broken handshake is neither a refusal nor a reset."""
    async with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert (await post_to(url.replace("http://", "https://"))).error_class == "tls"


async def test_what_is_not_http_is_protocol() -> None:
    """Some other service on that port."""
    async with raw_server(b"SSH-2.0-x\r\n\r\n") as url:
        assert (await post_to(url)).error_class == "protocol"


async def test_at_most_16_kb_of_an_answer_are_read() -> None:
    """A receiver cannot fill our memory or our topic."""
    async with listening() as receiver:
        receiver.knob = lambda _receipt, _nth: Fault(500, body="ü".encode() * 1_000_000)
        answer = await post_to(receiver.url)
    assert answer.status == 500
    assert len(answer.snippet.encode()) <= SNIPPET_BYTES + 2


async def test_a_200_whose_body_stalls_is_delivered() -> None:
    """The receiver said yes; how long it goes on talking is its own affair, within the time limit."""
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nwell", hold_open=True) as url:
        answer = await post_to(url, timeout_s=0.5)
    assert answer.delivered
    assert answer.snippet == "well"


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """The URL under which `handler` answers."""
    application = web.Application()
    application.router.add_post("/", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_a_compressed_answer_is_not_unpacked() -> None:
    """A few bytes cannot become gigabytes here."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=500, body=b"\x1f\x8b broken", headers={"Content-Encoding": "gzip"})

    async with served(handler) as url:
        answer = await post_to(url)
    assert (answer.status, answer.error_class) == (500, "http_5xx")


async def test_nobody_is_asked_for_a_compressed_answer() -> None:
    """The delivery log shows an answer as it came: a developer wants to read it."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=400, text=request.headers.get("Accept-Encoding", "as it is"))

    async with served(handler) as url:
        answer = await post_to(url)
    assert answer.snippet == "as it is"


async def test_a_kept_connection_that_breaks_is_replaced_at_once() -> None:
    """The receiver closed it in the very moment of the next request: no failed try, the same message on a new connection."""
    requests: list[int] = []
    connections: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.current_task())
        number = len(connections)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.partition(b":")[2]))
                requests.append(number)
                if requests == [1, 1]:
                    break
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    endpoint = Endpoint(endpoint_id="ep_1", url=url, secrets=(secret_of(SECRET, field="secret"),))
    async with Poster(clock=SystemClock(), ranges=LOOPBACK) as poster:
        answers = [await poster.post(endpoint, delivery(0, offset)) for offset in range(3)]
    server.close()
    await asyncio.gather(*filter(None, connections), return_exceptions=True)
    assert [answer.status for answer in answers] == [204, 204, 204]
    assert requests == [1, 1, 2, 2]


async def test_a_try_that_is_broken_off_leaves_the_others_alone() -> None:
    """A partition goes to another process in mid-request: that request ends, and the next finds a working client."""
    async with listening() as receiver, Poster(clock=SystemClock(), ranges=LOOPBACK) as poster:
        endpoint = Endpoint(endpoint_id="ep_1", url=receiver.url, secrets=(secret_of(SECRET, field="secret"),))
        arrived = asyncio.Event()

        def stall_the_first(receipt: Receipt, _nth: int) -> Fault | None:
            arrived.set()
            return Fault(stall_s=30) if receipt.message_id == "msg_0_0" else None

        receiver.knob = stall_the_first
        stalled = asyncio.create_task(poster.post(endpoint, delivery(0, 0)))
        await asyncio.wait_for(arrived.wait(), 5)
        stalled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stalled
        assert (await poster.post(endpoint, delivery(0, 1))).delivered


async def test_what_is_provisional_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """103 Early Hints come first, and nothing ends there; the answer is what follows, with its own headers."""
    monkeypatch.setattr("sinks.webhooks.posting.exchange.SNIPPET_TIMEOUT_S", 0.1)
    hints = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 99\r\n\r\n"
    final = b"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(hints, rest=final, rest_after_s=0.4) as url:
        answer = await post_to(url)
    assert (answer.status, answer.retry_after) == (503, "7")


async def test_only_provisional_is_a_reset() -> None:
    """Whoever says "processing" and hangs up has not answered."""
    async with raw_server(b"HTTP/1.1 102 Processing\r\n\r\n") as url:
        answer = await post_to(url)
    assert (answer.status, answer.error_class) == (0, "reset")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/\0", "http://127.0.0.1:9/\r\nx-evil: 1", "http://\N{SNOWMAN}.example/"]
)
async def test_a_link_that_is_none_ends_only_its_try(url: str) -> None:
    """A record that no console of ours has written: the process goes on."""
    answer = await post_to(url)
    assert (answer.status, answer.error_class) == (0, "bad_url")
