"""The loopback socket capture.js writes to. It decodes and hands on; it decides nothing."""

import secrets
from collections.abc import Callable
from typing import Protocol

import structlog
from aiohttp import WSMsgType, web

from producers.browser.frames import PageFrame, PageMessage, decode_frames, decode_message
from schemas.errors import InvalidRecord
from schemas.telemetry import PROCESS_ERRORS

log = structlog.get_logger()
MAX_MESSAGE_BYTES = 4_000_000


class PageListener(Protocol):
    """Who hears what a page says. Calls come in the page's order and must not block."""

    def on_frames(self, frames: list[PageFrame]) -> None:
        """Frames of the page's slots."""
        ...

    def on_message(self, message: PageMessage) -> None:
        """One message."""
        ...

    def on_closed(self) -> None:
        """The page's socket has closed."""
        ...


class CaptureServer:
    """Serves one bot's pages on 127.0.0.1, each under an own secret path."""

    def __init__(self) -> None:
        self._listeners: dict[str, PageListener] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/capture/{token}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    def address_for(self, listener: PageListener) -> str:
        """Where a new page may speak; what it says goes to `listener`."""
        token = secrets.token_urlsafe(24)
        self._listeners[token] = listener
        return f"ws://127.0.0.1:{self._port}/capture/{token}"

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        listener = self._listeners.get(request.match_info["token"])
        if listener is None:
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                hear_frames(listener, message.data)
            elif message.type is WSMsgType.TEXT:
                hear_message(listener, message.data)
        listener.on_closed()
        return socket


def hear_frames(listener: PageListener, body: bytes) -> None:
    """Decode and hand on; what cannot be decoded is counted, and missing in the page's dense count."""
    _guarded(lambda: listener.on_frames(decode_frames(body)))


def hear_message(listener: PageListener, text: str) -> None:
    _guarded(lambda: listener.on_message(decode_message(text)))


def _guarded(hand_on: Callable[[], None]) -> None:
    try:
        hand_on()
    except InvalidRecord as error:
        PROCESS_ERRORS.labels("bot", error.error_class).inc()
        log.warning("page_speaks_nonsense", error_class=error.error_class)
