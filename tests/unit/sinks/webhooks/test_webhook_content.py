"""Big events: a thin body with a signed link, and content that arrives whole over the worst of links."""

import hashlib
import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from schemas.errors import Unavailable
from schemas.events import WebhookDelivery
from schemas.settings import WebhookSettings
from schemas.timebase import SystemClock
from schemas.topics import MAX_RECORD_BYTES
from schemas.webhooks.documents import example_file, read_body
from schemas.webhooks.payloads import EVENTS, Word
from sinks.webhooks.content.link import Links, digest
from sinks.webhooks.content.server import application
from sinks.webhooks.content.store import ContentStore
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.retry_policy import RetryPolicy
from sinks.webhooks.events.envelope import body, public_event
from sinks.webhooks.fan_out.fitting import Fitting
from sinks.webhooks.fan_out.frozen import Frozen, frozen
from tests.fakes.bot_script import BotScript
from tests.fakes.dying_link import MEGABYTE, DyingLink
from tests.fakes.pending_deliveries import delivery

NOW_US = 1_795_000_000_000_000
LINKS = Links("https://content.example", 3_600_000_000, b"k" * 32)


class FixedClock:
    """Stands still."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.at_us = now_us

    def now_us(self) -> int:
        return self.at_us

    def monotonic_ms(self) -> float:
        return 0.0


class Served:
    """A content server for one test."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.store = ContentStore(folder)
        self.clock = clock
        self.runner = web.AppRunner(application(self.store, Links("", 1, self.store.key), clock), access_log=None)

    def link(self, sha256: str, lifetime_us: int = 3_600_000_000) -> str:
        host, port = self.runner.addresses[0][:2]
        return Links(f"http://{host}:{port}", lifetime_us, self.store.key).make(sha256, self.clock.now_us()).url


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "content") as found:
        yield found


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    found = Served(folder, FixedClock())
    await found.runner.setup()
    await web.TCPSite(found.runner, "127.0.0.1", 0).start()
    try:
        yield found
    finally:
        await found.runner.cleanup()


async def get(url: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as session, session.get(url, headers=named) as response:
        return response.status, await response.read(), response.headers


def turn(words: int) -> WebhookDelivery:
    """A settled turn of so many words; each takes some 70 bytes."""
    event = public_event(BotScript("bot_1", turns=1).spoken()[0])
    assert event is not None
    spoken = Word(text="word", start_ms=0, end_ms=1, confidence=0.5)
    data = msgspec.structs.replace(event.data, words=(spoken,) * words, text="word " * words)
    return msgspec.structs.replace(delivery(0, 3), event_type=event.type, body=body(replace(event, data=data), 3))


def test_a_small_event_is_sent_as_it_is() -> None:
    """No link, no content, not a byte changed."""
    assert frozen(turn(3), 20_000, LINKS, NOW_US) == Frozen(turn(3), None)


def test_a_large_event_becomes_a_claim_check() -> None:
    """Valid for its type, says what it is about, and names length, hash, type and end of what lies behind the link."""
    whole = turn(5_000)
    found = frozen(whole, 20_000, LINKS, NOW_US)
    assert found.content == whole.body
    assert len(found.delivery.body) < 2_000
    thin, full = read_body(found.delivery.body), read_body(whole.body)
    assert (thin.id, thin.type, thin.sequence, thin.timestamp) == (full.id, "transcript.data", 3, full.timestamp)
    assert (thin.data.bot_id, thin.data.turn_id) == (full.data.bot_id, full.data.turn_id)
    assert (thin.data.words, thin.data.text) == ((), "")
    assert thin.content.bytes == len(whole.body)
    assert thin.content.sha256 == hashlib.sha256(whole.body).hexdigest()
    assert thin.content.url.startswith(f"https://content.example/webhook-content/{thin.content.sha256}?")
    assert thin.content.expires_at.timestamp() == NOW_US / 1e6 + 3_600


def test_an_event_larger_than_a_broker_takes_fits() -> None:
    """Whatever its size, what goes on the log is thin; everything else of the delivery stays."""
    whole = turn(50_000)
    assert len(whole.body) > MAX_RECORD_BYTES
    thin = frozen(whole, 256_000, LINKS, NOW_US).delivery
    assert len(thin.body) < 2_000
    assert msgspec.structs.replace(thin, body=whole.body) == whole


@pytest.mark.parametrize("event_type", list(EVENTS))
def test_every_event_has_a_valid_claim_check(event_type: str) -> None:
    """However small the limit: no type of event loses a field that its schema demands."""
    whole = msgspec.structs.replace(delivery(0, 0), body=example_file(event_type).read_bytes())
    thin = read_body(frozen(whole, 0, LINKS, NOW_US).delivery.body)
    assert thin.data.bot_id == read_body(whole.body).data.bot_id
    assert thin.content.sha256 == digest(whole.body)


async def test_what_is_behind_a_link_is_on_the_disk_before_the_delivery_is_on_the_log(tmp_path: Path) -> None:
    """By the endpoint's own limit; links of one deployment lead to its content server."""
    settings = WebhookSettings(webhook_content_dir=tmp_path, webhook_content_url="https://content.example/")
    endpoint = Endpoint(endpoint_id="ep_1", url="https://x.example", secrets=(), inline_limit_bytes=1_000)
    book = EndpointBook([endpoint], RetryPolicy((1,), 2))
    fitting = Fitting(settings, book, FixedClock())
    assert await fitting.fitted(turn(1)) == turn(1)
    thin = read_body((await fitting.fitted(turn(100))).body)
    assert ContentStore(tmp_path).path(thin.content.sha256).read_bytes() == turn(100).body
    assert thin.content.url.startswith("https://content.example/webhook-content/")


async def test_content_comes_back_byte_for_byte(served: Served) -> None:
    """With its length, its hash as a strong ETag, and the word that it never changes."""
    content = os.urandom(3 * MEGABYTE)
    sha256 = served.store.put(content)
    status, got, headers = await get(served.link(sha256))
    assert (status, got) == (200, content)
    assert headers["ETag"] == f'"{sha256}"'
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Length"] == str(len(content))


async def test_parts_are_served_as_the_rfc_says(served: Served) -> None:
    """206 and 416; a range of another version gives the whole; the same version 304."""
    sha256 = served.store.put(b"0123456789")
    url, etag = served.link(sha256), f'"{sha256}"'
    assert (await get(url, Range="bytes=2-4"))[:2] == (206, b"234")
    assert (await get(url, Range="bytes=7-"))[:2] == (206, b"789")
    assert (await get(url, Range="bytes=-3"))[:2] == (206, b"789")
    assert (await get(url, Range="bytes=2-4"))[2]["Content-Range"] == "bytes 2-4/10"
    assert (await get(url, Range="bytes=10-"))[0] == 416
    assert (await get(url, Range="bytes=10-"))[2]["Content-Range"] == "bytes */10"
    assert (await get(url, Range="bytes=2-4", If_Range=etag))[:2] == (206, b"234")
    assert (await get(url, Range="bytes=2-4", If_Range='"another"'))[:2] == (200, b"0123456789")
    assert (await get(url, Range="bytes=2-4", If_Range="Wed, 18 Nov 2026 10:00:00 GMT"))[0] == 200
    assert (await get(url, If_None_Match=etag))[0] == 304


async def test_a_link_is_good_for_one_content_and_for_a_time(served: Served) -> None:
    """Changed: 403. Another content: 403. Ended: 410, and a new link is good. Incomplete: 400. Gone: 404."""
    sha256, other = served.store.put(b"mine"), served.store.put(b"theirs")
    url = served.link(sha256)
    assert (await get(url[:-1] + ("0" if url[-1] != "0" else "1")))[0] == 403
    assert (await get(url.replace(sha256, other)))[0] == 403
    assert (await get(url.replace("expires=1", "expires=2")))[0] == 403
    assert (await get(url.partition("?")[0]))[0] == 400
    assert (await get(url.replace(sha256, "../../link-key")))[0] in {400, 404}
    served.clock.at_us += 3_600_000_000
    assert (await get(url))[0] == 410
    assert (await get(served.link(sha256)))[:2] == (200, b"mine")
    served.store.path(sha256).unlink()
    assert (await get(served.link(sha256)))[0] == 404


async def test_links_outlive_a_restart(tmp_path: Path) -> None:
    """The key lies beside the content."""
    async with serving(tmp_path) as first:
        sha256 = first.store.put(b"kept")
        path_and_query = first.link(sha256).partition("/webhook-content")[2]
    async with serving(tmp_path) as second:
        base = second.link(sha256).partition("/webhook-content")[0]
        assert (await get(f"{base}/webhook-content{path_and_query}"))[:2] == (200, b"kept")


def test_a_killed_writer_leaves_no_half_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is in its place when all of it is on the disk, and not before."""
    store = ContentStore(tmp_path)

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            store.put(b"half")
    assert store.size(digest(b"half")) is None
    assert store.size(store.put(b"half")) == 4


def test_old_content_is_forgotten_unless_it_is_wanted_again(tmp_path: Path) -> None:
    """Putting or linking makes it young; the key stays."""
    store = ContentStore(tmp_path)
    old, wanted = store.put(b"old"), store.put(b"wanted")
    for sha256 in (old, wanted):
        os.utime(store.path(sha256), (0, 0))
    store.touch(wanted)
    assert store.forget(SystemClock().now_us() - 60_000_000) == 1
    assert (store.size(old), store.size(wanted)) == (None, 6)
    assert ContentStore(tmp_path).key == store.key


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    """By its setting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as refused:
        ContentStore(tmp_path / "file")
    assert "EARSHOT_WEBHOOK_CONTENT_DIR" in refused.value.remedy


async def resumed(url: str, sha256: str) -> tuple[bytes, int]:
    """As a receiver fetches it: go on where the link died, until all is there. Returns the content and the tries."""
    got, tries = bytearray(), 0
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        while hashlib.sha256(got).hexdigest() != sha256:
            tries += 1
            headers = {"Range": f"bytes={len(got)}-", "If-Range": f'"{sha256}"', "Connection": "close"}
            with suppress(aiohttp.ClientError):
                async with session.get(url, headers=headers) as response:
                    assert response.status == 206
                    async for piece in response.content.iter_any():
                        got += piece
    return bytes(got), tries


async def test_50_mb_over_a_link_that_dies_five_times_arrive_whole(served: Served) -> None:
    """Each time the receiver goes on where it was; nothing is fetched twice, nothing is missing."""
    content = random.Random(6).randbytes(50 * MEGABYTE)
    sha256 = served.store.put(content)
    link = DyingLink(served.runner.addresses[0][1], deaths=5)
    async with link.laid(served.link(sha256)) as url:
        got, tries = await resumed(url, sha256)
    assert got == content
    assert (link.deaths, tries) == (5, 6)


async def test_without_ranges_the_same_link_never_gives_the_whole(served: Served) -> None:
    """Negative control: the link does die; who starts anew each time gets no more than what one life carries."""
    content = random.Random(6).randbytes(20 * MEGABYTE)
    sha256 = served.store.put(content)
    link = DyingLink(served.runner.addresses[0][1], deaths=3)
    async with link.laid(served.link(sha256)) as url:
        for _ in range(3):
            with pytest.raises(aiohttp.ClientError):
                await get(url)
    assert link.deaths == 3
