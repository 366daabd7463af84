"""`earshot webhooks serve`: content behind signed links, in pieces as asked for, so that a broken download is taken up."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import structlog
from aiohttp import hdrs, web

from schemas.timebase import Clock
from sinks.webhooks.content.byte_range import Part, asked_part
from sinks.webhooks.content.link import PATH, SECOND_US, Links
from sinks.webhooks.content.store import ContentStore
from sinks.webhooks.events.envelope import CONTENT_TYPE

PIECE_BYTES = 262_144
FORGET_EVERY_S = 3600
SHA256 = re.compile(r"[0-9a-f]{64}")
REFUSALS = {
    "malformed": (400, "the link is not complete"),
    "signature": (403, "the link was changed or is not ours"),
    "expired": (410, "the link has ended; ask for a new one"),
}
log = structlog.get_logger()


def application(store: ContentStore, links: Links, clock: Clock) -> web.Application:
    """Routes of the content server."""
    server = ContentServer(store, links, clock)
    routes = web.Application()
    routes.router.add_get(PATH + "/{sha256}", server.get)
    return routes


class ContentServer:
    """Answers GET and HEAD. The ETag is the content's hash: the same on every machine, for ever."""

    def __init__(self, store: ContentStore, links: Links, clock: Clock) -> None:
        self._store = store
        self._links = links
        self._clock = clock

    async def get(self, request: web.Request) -> web.StreamResponse:
        sha256 = request.match_info["sha256"]
        fault = self._fault(sha256, request)
        if fault:
            status, text = REFUSALS[fault]
            return web.Response(status=status, text=text)
        size = await asyncio.to_thread(self._store.size, sha256)
        if size is None:
            return web.Response(status=404, text="the content is no longer kept")
        return await self._part_of(sha256, size, request)

    def _fault(self, sha256: str, request: web.Request) -> str:
        if not SHA256.fullmatch(sha256):
            return "malformed"
        expires, signature = request.query.get("expires", ""), request.query.get("signature", "")
        return self._links.fault(sha256, expires, signature, self._clock.now_us())

    async def _part_of(self, sha256: str, size: int, request: web.Request) -> web.StreamResponse:
        etag = f'"{sha256}"'
        fixed = {hdrs.ETAG: etag, hdrs.ACCEPT_RANGES: "bytes", hdrs.CACHE_CONTROL: "private, immutable"}
        if request.headers.get(hdrs.IF_NONE_MATCH) == etag:
            return web.Response(status=304, headers=fixed)
        part = asked_part(request.headers.get(hdrs.RANGE), request.headers.get(hdrs.IF_RANGE), etag, size)
        if part is None:
            return web.Response(status=416, headers={**fixed, hdrs.CONTENT_RANGE: f"bytes */{size}"})
        headers = {**fixed, hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CONTENT_LENGTH: str(part.end - part.first)}
        if part.partial:
            headers[hdrs.CONTENT_RANGE] = part.content_range
        response = web.StreamResponse(status=206 if part.partial else 200, headers=headers)
        await response.prepare(request)
        with suppress(ConnectionError):  # the receiver went away, and will ask for the rest
            if request.method == hdrs.METH_GET:
                await _send(response, self._store.path(sha256), part)
            await response.write_eof()
        return response


async def _send(response: web.StreamResponse, path: Path, part: Part) -> None:
    """The file is read in a thread, a piece at a time: a slow receiver costs one piece of memory."""
    with await asyncio.to_thread(path.open, "rb") as file:
        file.seek(part.first)
        left = part.end - part.first
        while left:
            piece = await asyncio.to_thread(file.read, min(PIECE_BYTES, left))
            left -= len(piece)
            await response.write(piece)


async def serve(store: ContentStore, links: Links, clock: Clock, host: str, port: int, keep_s: float) -> None:
    """Until cancelled; content that nobody needed for `keep_s` is removed every hour. Port taken: OSError."""
    runner = web.AppRunner(application(store, links, clock), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("content_server_started", host=host, port=port)
        while True:
            gone = await asyncio.to_thread(store.forget, clock.now_us() - int(keep_s * SECOND_US))
            log.info("content_forgotten", contents=gone)
            await asyncio.sleep(FORGET_EVERY_S)
    finally:
        await runner.cleanup()
