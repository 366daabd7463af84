"""One talker: an own headless Chromium on the unmodified meeting page, speaking a recording through a fake microphone."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeout

from infra.demo.voices import Recording
from schemas.errors import Unavailable
from schemas.priority import session_in_shell
from schemas.timebase import Clock

PATIENCE_MS = 20_000
SESSION_NICENESS = 3
FLAGS = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
)


class Talker:
    """A person at the meeting page. The recording starts with every `join`, and goes on under a mute."""

    def __init__(self, page: Page, meeting_link: str, name: str, clock: Clock) -> None:
        self._page = page
        self._url = meeting_link
        self._name = name
        self._clock = clock

    async def arrive(self) -> None:
        """Open the page up to the name field, so that `join` is one click."""
        with _explained(self._name):
            if self._page.url != self._url:
                await self._page.goto(self._url)
            await self._page.click("#start")
            await self._page.fill("#username", self._name)

    async def join(self) -> int:
        """Enter the meeting; returns when the microphone opened, in UTC microseconds."""
        with _explained(self._name):
            await self._page.click("#register")
            await self._page.wait_for_selector("#mute", state="attached")
        return self._clock.now_us()

    async def toggle_mute(self) -> None:
        """Press the page's own mute button."""
        with _explained(self._name):
            await self._page.click("#mute")

    async def leave(self) -> None:
        """Press Stop: the page hangs up and loads itself anew. Closing without it would leave a ghost in the room."""
        with _explained(self._name):
            async with self._page.expect_navigation():
                await self._page.click("#start")

    async def screenshot(self, path: Path) -> None:
        """What the talker sees now."""
        await self._page.screenshot(path=path)


@asynccontextmanager
async def talkers(
    recordings: Sequence[Recording], *, meeting_link: str, chromium: Path, folder: Path, clock: Clock
) -> AsyncIterator[tuple[Talker, ...]]:
    """Talkers with the page open and the name filled in; the browsers are closed at the end whatever happens."""
    camera = await asyncio.to_thread(_camera, folder)
    browser_path = _yielding(chromium, folder) if os.geteuid() == 0 else chromium
    async with async_playwright() as playwright, AsyncExitStack() as browsers:

        async def arrived(recording: Recording) -> Talker:
            browser = await playwright.chromium.launch(
                executable_path=browser_path,
                chromium_sandbox=os.geteuid() != 0,
                handle_sigint=False,
                args=[*FLAGS, *_devices(recording.wav, camera)],
            )
            browsers.push_async_callback(browser.close)
            page = await browser.new_page(viewport={"width": 1000, "height": 700})
            page.set_default_timeout(PATIENCE_MS)
            person = Talker(page, meeting_link, recording.part.name, clock)
            await person.arrive()
            return person

        yield tuple(await asyncio.gather(*map(arrived, recordings)))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except PlaywrightTimeout as error:
        raise Unavailable(
            f"{name} could not use the meeting page: {error.message.splitlines()[0]}",
            remedy="`earshot status` says whether Janus and its page are up",
        ) from error


def _yielding(chromium: Path, folder: Path) -> Path:
    """Three browsers of root's own would go before the bot and the broker that they share a machine with."""
    script = folder / "chromium"
    no_real_time = "setpriv --bounding-set -sys_nice --inh-caps -sys_nice"
    script.write_text(f'#!/bin/sh\n{session_in_shell(SESSION_NICENESS)}\nexec {no_real_time} {chromium} "$@"\n')
    script.chmod(0o755)
    return script


def _devices(wav: Path, camera: Path) -> tuple[str, str]:
    return f"--use-file-for-fake-audio-capture={wav}%noloop", f"--use-file-for-fake-video-capture={camera}"


def _camera(folder: Path) -> Path:
    """A tiny picture once a second: the page insists on a camera, and a real one would cost most of the machine."""
    camera = folder / "camera.y4m"
    if not camera.exists():
        source = ("-f", "lavfi", "-i", "color=c=gray:s=64x48:r=1:d=2", "-pix_fmt", "yuv420p")
        subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", *source, str(camera)], check=True)
    return camera
