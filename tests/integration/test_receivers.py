"""The receivers of docs/receivers do what their page says: one conversation for all languages, the official libraries."""

import asyncio
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from aiohttp import web

from infra.local.parts import node_modules
from schemas.settings import LocalSettings
from schemas.timebase import SystemClock
from sinks.webhooks.content.link import Links
from sinks.webhooks.content.server import application
from sinks.webhooks.content.store import ContentStore
from tests.fakes.dying_link import MEGABYTE, DyingLink
from tests.fakes.receiver_process import converse, receiver_process

RECEIVERS = Path(__file__).parents[2] / "docs" / "receivers"


async def test_the_receiver_in_python() -> None:
    """Verifies with PyPI's standardwebhooks."""
    async with receiver_process([sys.executable, str(RECEIVERS / "receiver.py")], {}) as receiver:
        await converse(receiver)


async def test_the_receiver_in_node() -> None:
    """Verifies with npm's standardwebhooks."""
    modules = {"NODE_PATH": str(node_modules(LocalSettings().cache_dir))}
    async with receiver_process(["node", str(RECEIVERS / "receiver.cjs")], modules) as receiver:
        await converse(receiver)


def download() -> ModuleType:
    spec = importlib.util.spec_from_file_location("download", RECEIVERS / "download.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_download_goes_on_where_it_broke(tmp_path: Path) -> None:
    """Over a link that dies three times; and what does not arrive whole is an error."""
    store, clock = ContentStore(tmp_path), SystemClock()
    content = bytes(range(256)) * 80_000
    sha256 = store.put(content)
    runner = web.AppRunner(application(store, Links("", 1, store.key), clock), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    made = Links(f"http://127.0.0.1:{port}", 60_000_000, store.key).make(sha256, clock.now_us())
    told = {"url": made.url, "bytes": len(content), "sha256": sha256}
    async with DyingLink(port, deaths=3, allowance_bytes=5 * MEGABYTE).laid(made.url) as url:
        assert await asyncio.to_thread(download().fetch, {**told, "url": url}) == content
    with pytest.raises(OSError, match="whole"):
        await asyncio.to_thread(download().fetch, {**told, "sha256": "0" * 64}, 1)
    await runner.cleanup()
