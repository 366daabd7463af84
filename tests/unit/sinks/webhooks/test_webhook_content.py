"""Big events: a thin body with a signed link, and content that arrives whole over the worst of links."""

import hashlib
import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from schemas.errors import Unavailable
from schemas.timebase import SystemClock
from schemas.webhooks.documents import example_file, read_body
from schemas.webhooks.payloads import EVENTS
from sinks.webhooks.content_server import application
from sinks.webhooks.content_store import ContentStore
from sinks.webhooks.envelope import PublicEvent, body, public_event
from sinks.webhooks.frozen import frozen
from sinks.webhooks.link import Links, digest
from tests.fakes.bot_script import BotScript
from tests.fakes.dying_link import MEGABYTE, DyingLink

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


def long_turn() -> PublicEvent:
    """An event of some hundred kB."""
    event = public_event(BotScript("bot_1", turns=1).spoken()[0])
    assert event is not None
    data = msgspec.to_builtins(event.data)
    data["words"] = [{"text": "word", "start_ms": n, "end_ms": n + 1, "confidence": 0.5} for n in range(5_000)]
    data["text"] = "word " * 5_000
    return PublicEvent(
        event.type, event.event_id, event.occurred_at_us, "default", msgspec.convert(data, type(event.data))
    )


def test_a_small_event_is_sent_as_it_is() -> None:
    """No link, no content."""
    event = public_event(BotScript("bot_1", turns=1).spoken()[0])
    assert event is not None
    found = frozen(event, 3, 20_000, LINKS, NOW_US)
    assert (found.body, found.content) == (body(event, 3), None)
    assert b"content" not in found.body.replace(b"content_type", b"")


def test_a_large_event_becomes_a_claim_check() -> None:
    """Valid for its type, says what it is about, and names length, hash, type and end of what lies behind the link."""
    event = long_turn()
    found = frozen(event, 3, 20_000, LINKS, NOW_US)
    assert found.content == body(event, 3)
    assert len(found.body) < 2_000
    thin = read_body(found.body)
    assert (thin.id, thin.type, thin.sequence) == (event.event_id, "transcript.data", 3)
    assert (thin.data.bot_id, thin.data.turn_id) == (event.data.bot_id, event.data.turn_id)
    assert (thin.data.words, thin.data.text) == ((), "")
    assert thin.content.bytes == len(found.content)
    assert thin.content.sha256 == hashlib.sha256(found.content).hexdigest()
    assert thin.content.url.startswith(f"https://content.example/webhook-content/{thin.content.sha256}?")
    assert thin.content.expires_at.timestamp() == NOW_US / 1e6 + 3_600


def test_an_event_larger_than_a_broker_takes_fits() -> None:
    """Whatever its size, what goes on the log is thin."""
    event = long_turn()
    data = msgspec.structs.replace(event.data, words=event.data.words * 20)
    found = frozen(PublicEvent(event.type, event.event_id, 0, "default", data), 0, 256_000, LINKS, NOW_US)
    assert found.content is not None
    assert len(found.content) > 4 * MEGABYTE
    assert len(found.body) < 2_000


@pytest.mark.parametrize("event_type", list(EVENTS))
def test_every_event_has_a_valid_claim_check(event_type: str) -> None:
    """However small the limit: no type of event loses a field that its schema demands."""
    example = read_body(example_file(event_type).read_bytes())
    event = PublicEvent(event_type, example.id, NOW_US, "default", example.data)
    thin = read_body(frozen(event, 0, 0, LINKS, NOW_US).body)
    assert thin.data.bot_id == example.data.bot_id
    assert thin.content.sha256 == digest(body(event, 0))


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
