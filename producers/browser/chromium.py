"""Chromium for one bot: headless, sandboxed, not root, a fresh profile, and nothing of ours visible to the page."""

import json
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, Playwright
from playwright.async_api import Error as PlaywrightError

from producers.browser.launcher import OWN_STATUS, User, as_user, may_raise_priority, write_launcher
from schemas.errors import Unavailable
from schemas.priority import FIRST, session_in_shell
from schemas.settings import BotSettings

BINDING = "earshotDeliver"
FLAGS = (
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)
LAUNCH_TIMEOUT_MS = 10_000
BindingCall = Callable[[dict[str, Any], str, str], None]


@dataclass(frozen=True)
class CaptureConfig:
    """What capture.js is told: where its socket is, and which way out it may use."""

    url: str
    transport: str
    hello_timeout_ms: int
    mute_elements: bool = False
    binding: str = BINDING


def capture_script(config: CaptureConfig) -> str:
    """The init script of a page."""
    source = (files("producers.browser") / "capture.js").read_text("utf-8")
    return f"({source.rstrip()})({json.dumps(config.__dict__)});"


class Chromium:
    """One browser process tree. `launch` before use; `close` ends it and removes its profile."""

    def __init__(self, playwright: Playwright, settings: BotSettings) -> None:
        self._playwright = playwright
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="earshot-browser-"))
        self._context: BrowserContext | None = None

    async def launch(self, *, flags: tuple[str, ...], on_closed: Callable[[], None], on_binding: BindingCall) -> None:
        """Start it; raises Unavailable with a remedy when it does not come up."""
        executable = self._executable()
        try:
            self._context = await self._playwright.chromium.launch_persistent_context(
                self._profile(),
                executable_path=executable,
                chromium_sandbox=True,
                headless=True,
                args=[*FLAGS, *flags],
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=LAUNCH_TIMEOUT_MS,
                permissions=["local-network-access"],
            )
        except PlaywrightError as error:
            raise Unavailable(
                f"Chromium at {self._settings.chromium_path} does not start: {error.message.splitlines()[0]}",
                remedy="run `earshot doctor`",
            ) from error
        self._context.on("close", lambda _: on_closed())
        await self._context.expose_binding(BINDING, on_binding)

    async def open_page(self, config: CaptureConfig) -> Page:
        """A new page that captures from its first script on."""
        assert self._context is not None
        page = await self._context.new_page()
        await page.add_init_script(capture_script(config))
        return page

    async def close(self) -> None:
        """End the browser, whatever state it is in."""
        if self._context:
            try:
                await self._context.close()
            except PlaywrightError:
                self._context = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _executable(self) -> Path:
        path = self._settings.chromium_path
        if not os.access(path, os.X_OK):
            raise Unavailable(
                f"there is no Chromium at {path}",
                remedy="`apt-get install chromium`, or set EARSHOT_CHROMIUM_PATH; `earshot doctor` checks it",
            )
        return self._as_unprivileged(path) if os.geteuid() == 0 else path

    def _as_unprivileged(self, path: Path) -> Path:
        """Chromium refuses its sandbox to root, so a script in between gives the privileges away."""
        found = self._user()
        user = User(found.pw_uid, found.pw_gid, self._folder / "profile")
        raises = may_raise_priority(OWN_STATUS.read_text())
        prefix = as_user(user, raises_priority=raises)
        return write_launcher(self._folder / "chromium", path, prefix, first=session_in_shell(FIRST) if raises else ":")

    def _profile(self) -> Path:
        profile = self._folder / "profile"
        profile.mkdir()
        if os.geteuid() == 0:
            user = self._user()
            self._folder.chmod(0o711)
            os.chown(profile, user.pw_uid, user.pw_gid)
        return profile

    def _user(self) -> pwd.struct_passwd:
        name = self._settings.chromium_user
        try:
            return pwd.getpwnam(name)
        except KeyError as error:
            raise Unavailable(
                f"the browser must not run as root, and there is no user {name!r} for it",
                remedy=f"`useradd --system {name}`, or set EARSHOT_CHROMIUM_USER; `earshot doctor` checks it",
            ) from error
