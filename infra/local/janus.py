"""Janus, the WebRTC server of the local meetings, as Debian builds it, with a configuration of our own.

Only the VideoRoom and the WebSocket transport are loaded. Rooms take Opus and H.265: this Chromium refuses the latter, so a
meeting is audio only in effect, without touching the meeting page, and costs half the processor time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.local.ports import HOST, Port
from infra.local.rooms import Room, Rooms
from schemas.errors import UsageError

LIBRARIES = Path("/usr/lib")
PAGE_ROOM = 1234  # the room the meeting page opens when its address names none
# a page gives a sign of life every 25 s; one that was killed shall be gone from the roster soon
SESSION_TIMEOUT_S = 40
KEPT = ("libjanus_videoroom.so", "libjanus_websockets.so")

GENERAL = """\
general: {{
	configs_folder = "{folder}"
	plugins_folder = "{libraries}/plugins"
	transports_folder = "{libraries}/transports"
	events_folder = "{libraries}/events"
	loggers_folder = "{libraries}/loggers"
	debug_level = 3
	debug_colors = false
	session_timeout = {session_timeout_s}
	hide_dependencies = true
}}
nat: {{
	full_trickle = true
}}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
events: {{ broadcast = false }}
"""
WEBSOCKETS = """\
general: {{
	json = "compact"
	ws = true
	ws_ip = "{host}"
	ws_port = {port}
	wss = false
}}
admin: {{ admin_ws = false }}
"""
VIDEOROOM = """\
room-{room}: {{
	description = "Earshot"
	publishers = 16
	audiocodec = "opus"
	videocodec = "h265"
	audiolevel_event = true
	audio_active_packets = 25
	audio_level_average = 45
	notify_joining = true
}}
"""


@dataclass(frozen=True)
class JanusServer:
    """Where a Janus and its meeting page answer, and its rooms."""

    page_url: str
    ws_url: str

    @property
    def rooms(self) -> Rooms:
        return Rooms(self.ws_url)

    def create_room(self, *, publishers: int = 16) -> Room:
        """A fresh room for one test or one meeting."""
        return self.rooms.create(publishers=publishers)

    def link(self, room: Room) -> str:
        """The meeting link of a room, as one would send it to people."""
        return f"{self.page_url}?room={room.number}"


@dataclass(frozen=True)
class Janus:
    """The server; rooms live as long as it does, but for the one in its configuration."""

    port: int
    name: str = "janus"

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port(self.port, "EARSHOT_JANUS_PORT"),)

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def prepare(self, folder: Path) -> list[str]:
        files = configuration(folder, self.port, libraries())
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        return ["janus", f"--config={folder / 'janus.jcfg'}", f"--configs-folder={folder}", "--disable-colors"]

    def ready(self) -> bool:
        return Rooms(self.ws_url).answers()

    def environment(self) -> dict[str, str]:
        return {"EARSHOT_JANUS_PORT": str(self.port)}


def libraries() -> Path:
    """Where Debian put Janus's plugins for this processor; raises UsageError when Janus is not installed."""
    for folder in sorted(LIBRARIES.glob("*/janus")):
        return folder
    raise UsageError(
        "Janus is not installed", remedy="`make setup` installs it (Debian packages janus and janus-demos)"
    )


def configuration(folder: Path, port: int, libraries: Path) -> dict[str, str]:
    """Janus's configuration files by name."""
    general = GENERAL.format(
        folder=folder,
        libraries=libraries,
        session_timeout_s=SESSION_TIMEOUT_S,
        plugins=unwanted(path.name for path in (libraries / "plugins").glob("*.so")),
        transports=unwanted(path.name for path in (libraries / "transports").glob("*.so")),
    )
    return {
        "janus.jcfg": general,
        "janus.transport.websockets.jcfg": WEBSOCKETS.format(host=HOST, port=port),
        "janus.plugin.videoroom.jcfg": VIDEOROOM.format(room=PAGE_ROOM),
    }


def unwanted(installed: Iterable[str]) -> str:
    """The libraries Janus shall not load, as its configuration lists them."""
    return ",".join(sorted(name for name in installed if name not in KEPT))
