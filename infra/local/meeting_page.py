"""The meeting page: Debian's own, unmodified Janus demo pages, served from a copy with its links resolved.

Only settings.js is ours: it names our Janus; the one shipped does not load.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local.ports import HOST, Port
from schemas.errors import UsageError

DEMOS = Path("/usr/share/janus/demos")
PAGE = "mvideoroomtest.html"
SETTINGS = """\
var server = "{ws_url}";
var iceServers = [];
var token = null;
var apisecret = null;
"""


@dataclass(frozen=True)
class MeetingPage:
    """A static server of the pages, on loopback, which browsers take for a secure context."""

    port: int
    janus_ws_url: str
    name: str = "meeting-page"

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port(self.port, "EARSHOT_MEETING_PAGE_PORT"),)

    @property
    def url(self) -> str:
        """The meeting in its default room; `?room=N` opens another."""
        return f"http://{HOST}:{self.port}/{PAGE}"

    def prepare(self, folder: Path) -> list[str]:
        pages = folder / "pages"
        if not DEMOS.is_dir():
            raise UsageError(f"the meeting page is not in {DEMOS}", remedy="`make setup` installs janus-demos")
        if not pages.exists():
            copy = folder / "pages.new"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(DEMOS, copy)
            copy.rename(pages)
        (pages / "settings.js").write_text(SETTINGS.format(ws_url=self.janus_ws_url), "utf-8")
        return [sys.executable, "-m", "http.server", str(self.port), "--bind", HOST, "--directory", str(pages)]

    def ready(self) -> bool:
        try:
            return httpx.get(self.url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def environment(self) -> dict[str, str]:
        return {"EARSHOT_MEETING_PAGE_PORT": str(self.port)}
