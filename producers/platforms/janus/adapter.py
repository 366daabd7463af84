"""The bot on Debian's unmodified VideoRoom page: clicks what a person would click, and reads what the page is told."""

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from producers.platforms.interface import MeetingLink, Observation, Platform
from producers.platforms.janus import link as janus_link
from producers.platforms.janus.signalling import Signalling
from schemas.errors import Unavailable

START = "#start"
USERNAME = "#username"
REGISTER = "#register"
ALERT = ".bootbox-body"
PAGE_TIMEOUT_MS = 8_000
LEAVE_TIMEOUT_MS = 3_000


class JanusRoom:
    """The Janus VideoRoom platform."""

    name = janus_link.NAME
    understands = janus_link.UNDERSTANDS

    def link(self, meeting_url: str) -> MeetingLink | None:
        return janus_link.parse(meeting_url)

    def check_name(self, display_name: str) -> None:
        janus_link.check_name(display_name)

    def attend(self, link: MeetingLink) -> Platform:
        return JanusAttendance(link)


class JanusAttendance:
    """One page in one room."""

    def __init__(self, link: MeetingLink) -> None:
        self._link = link
        self._signalling = Signalling(link.key.rsplit("/", 1)[-1])

    async def join(self, page: Page, display_name: str) -> None:
        """Open the page, start its session, register under the name."""
        await self._open(page)
        await page.click(START, timeout=PAGE_TIMEOUT_MS)
        try:
            await page.wait_for_selector(f"{USERNAME}:visible, {ALERT}:visible", timeout=PAGE_TIMEOUT_MS)
        except PlaywrightTimeout as error:
            raise _no_server("it does not answer") from error
        if await page.is_visible(ALERT):
            raise _no_server(await page.inner_text(ALERT))
        await page.fill(USERNAME, display_name, timeout=PAGE_TIMEOUT_MS)
        await page.click(REGISTER, timeout=PAGE_TIMEOUT_MS)

    async def leave(self, page: Page) -> None:
        """The page's Stop button ends the session on the server; then the page reloads itself."""
        try:
            async with page.expect_navigation(timeout=LEAVE_TIMEOUT_MS):
                # not a click by coordinates: an alert of the page may lie over the button
                await page.dispatch_event(START, "click", timeout=LEAVE_TIMEOUT_MS)
        except PlaywrightError:
            return

    def observe(self, signalling: str) -> list[Observation]:
        return self._signalling.observe(signalling)

    async def _open(self, page: Page) -> None:
        try:
            response = await page.goto(self._link.page_url, wait_until="load", timeout=PAGE_TIMEOUT_MS)
        except PlaywrightError as error:
            raise Unavailable(
                f"the meeting page does not open: {error.message.splitlines()[0]}",
                remedy="see whether the link opens in a browser on this machine",
            ) from error
        if response is None or not response.ok:
            status = response.status if response else "nothing"
            raise Unavailable(f"the meeting page answers {status}", remedy="see whether the link is right")


def _no_server(reason: str) -> Unavailable:
    return Unavailable(
        f"the meeting page has opened, but not its Janus server: {reason.strip()}",
        remedy="see whether Janus runs where the page's settings.js says",
    )
