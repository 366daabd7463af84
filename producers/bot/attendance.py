"""The bot's seat in the meeting: browser, page and capture socket, and how each is replaced.

What happens there goes to one inbox, in order, stamped with the page it came from, so that a page that was given up can
say nothing any more. This shell does what it is told and reports; it decides nothing.
"""

import asyncio
import base64
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Playwright, async_playwright

from producers.bot.happening import Crashed, Frames, Happening, JoinFailed, Left, Said, SocketClosed
from producers.browser.capture_server import CaptureServer, hear_frames, hear_message
from producers.browser.chromium import CaptureConfig, Chromium
from producers.browser.frames import Goodbye, PageFrame, PageMessage
from producers.platforms.interface import MeetingLink, Platform, PlatformRoom
from schemas.errors import EarshotError, Unavailable
from schemas.settings import BotSettings
from schemas.vocabulary import GapCause

GOODBYE_TIMEOUT_S = 2.0
CLOSE_TIMEOUT_S = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Visit:
    """One page's way into the inbox; silent once it is given up."""

    def __init__(self, inbox: asyncio.Queue[Happening], platform: Platform) -> None:
        self._inbox = inbox
        self.platform = platform
        self.current = True
        self.goodbye = asyncio.Event()

    def tell(self, happening: Happening) -> None:
        if self.current:
            self._inbox.put_nowait(happening)

    def on_frames(self, frames: list[PageFrame]) -> None:
        self.tell(Frames(frames))

    def on_message(self, message: PageMessage) -> None:
        self.tell(Said(message, self.platform))
        if isinstance(message, Goodbye):
            self.goodbye.set()

    def on_closed(self) -> None:
        self.tell(SocketClosed())
        self.goodbye.set()


class Attendance:
    """One bot's presence in one meeting. Orders run in the background; what comes of them arrives in the inbox."""

    def __init__(self, settings: BotSettings, room: PlatformRoom, link: MeetingLink, display_name: str) -> None:
        self.inbox: asyncio.Queue[Happening] = asyncio.Queue()
        self._settings = settings
        self._room = room
        self._link = link
        self._display_name = display_name
        self._server = CaptureServer()
        self._driver = async_playwright()
        self._playwright: Playwright | None = None
        self._browser: Chromium | None = None
        self._page: Page | None = None
        self._visit: Visit | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Attendance":
        await self._server.start()
        self._playwright = await self._driver.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._cancel()
        await self._close_browser()
        await self._server.close()
        if self._playwright:
            await self._playwright.stop()

    async def new_browser(self) -> None:
        """Join, again if need be, with a new browser."""
        await self._cancel()
        self._task = asyncio.create_task(self._try(self._join_with_new_browser()))

    async def new_page(self) -> None:
        """Join again with a new page of the same browser."""
        await self._cancel()
        self._task = asyncio.create_task(self._try(self._join_with_new_page()))

    async def reopen_sinks(self) -> None:
        """Make the page play, and so be heard, through a new audio service."""
        if self._page:
            with suppress(PlaywrightError):
                await self._page.evaluate("earshotCapture.reopenSinks()")

    async def leave(self) -> None:
        """Stop capturing, with the page's last counts, then leave the call; tells Left."""
        await self._cancel()
        page, visit = self._page, self._visit
        if page and visit and not page.is_closed():
            with suppress(PlaywrightError, TimeoutError):
                await asyncio.wait_for(page.evaluate("earshotCapture.stop()"), GOODBYE_TIMEOUT_S)
                await asyncio.wait_for(visit.goodbye.wait(), GOODBYE_TIMEOUT_S)
            visit.current = False
            with suppress(PlaywrightError, TimeoutError):
                await asyncio.wait_for(visit.platform.leave(page), CLOSE_TIMEOUT_S)
        self.inbox.put_nowait(Left())

    async def _try(self, joining: Coroutine[Any, Any, None]) -> None:
        try:
            await joining
        except EarshotError as error:
            self.inbox.put_nowait(JoinFailed(error))
        except PlaywrightError as error:
            reason = error.message.splitlines()[0]
            self.inbox.put_nowait(JoinFailed(Unavailable(f"the meeting page does not work: {reason}")))

    async def _join_with_new_browser(self) -> None:
        assert self._playwright is not None
        await self._close_browser()
        self._browser = browser = Chromium(self._playwright, self._settings)
        await browser.launch(
            flags=self._flags(),
            on_closed=lambda: self._tell_if(browser, GapCause.BROWSER_CRASH),
            on_binding=self._on_binding,
        )
        await self._join_with_new_page()

    async def _join_with_new_page(self) -> None:
        assert self._browser is not None
        visit = self._new_visit()
        config = CaptureConfig(
            url=self._server.address_for(visit),
            transport=self._settings.capture_transport,
            hello_timeout_ms=round(self._settings.capture_hello_timeout_s * 1000),
        )
        old, self._page = self._page, None
        page = self._page = await self._browser.open_page(config)
        page.on("crash", lambda _: visit.tell(Crashed(GapCause.RENDERER_CRASH)))
        if old:
            with suppress(PlaywrightError, TimeoutError):
                await asyncio.wait_for(old.close(), CLOSE_TIMEOUT_S)
        await visit.platform.join(page, self._display_name)

    def _new_visit(self) -> Visit:
        self._give_up_visit()
        self._visit = Visit(self.inbox, self._room.attend(self._link))
        return self._visit

    def _give_up_visit(self) -> None:
        if self._visit:
            self._visit.current = False

    def _tell_if(self, browser: Chromium, cause: GapCause) -> None:
        if browser is self._browser and self._visit:
            self._visit.tell(Crashed(cause))

    def _on_binding(self, source: dict[str, Any], kind: str, payload: str) -> None:
        if self._visit is None or source["page"] is not self._page:
            return
        if kind == "frames":
            hear_frames(self._visit, base64.b64decode(payload))
        else:
            hear_message(self._visit, payload)

    def _flags(self) -> tuple[str, ...]:
        """A meeting on this machine needs no other: then nothing else is resolved."""
        if urlsplit(self._link.page_url).hostname not in LOOPBACK:
            return ()
        return (f"--host-resolver-rules=MAP * ~NOTFOUND, {', '.join(f'EXCLUDE {host}' for host in LOOPBACK)}",)

    async def _cancel(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _close_browser(self) -> None:
        self._give_up_visit()
        browser, self._browser, self._page = self._browser, None, None
        if browser:
            with suppress(TimeoutError):
                await asyncio.wait_for(browser.close(), CLOSE_TIMEOUT_S)
