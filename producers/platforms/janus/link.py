"""Meeting links of the Janus VideoRoom demo page. Pure."""

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from producers.platforms.interface import MeetingLink
from schemas.errors import UsageError

NAME = "janus"
PAGE = "mvideoroomtest.html"
UNDERSTANDS = f"http(s)://HOST/…/{PAGE}?room=NUMBER"
REMEDY = f"use a link such as {UNDERSTANDS}"


def parse(meeting_url: str) -> MeetingLink | None:
    """The room behind a link to the demo page, as a listener; None for another page's link."""
    try:
        parts = urlsplit(meeting_url.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.rsplit("/", 1)[-1] != PAGE:
        return None
    room = (parse_qs(parts.query).get("room") or [""])[0]
    if not room.isdecimal():
        raise UsageError(f"--meeting-url has room={room!r}, and a Janus room is a number", remedy=REMEDY)
    query = urlencode({"room": room, "subscriber-mode": "yes"})
    return MeetingLink(
        platform=NAME,
        key=f"{parts.netloc}/{room}",
        page_url=urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")),
    )


def check_name(display_name: str) -> None:
    """The demo page takes ASCII letters and digits only."""
    if not (display_name.isascii() and display_name.isalnum()):
        raise UsageError(
            f"--name {display_name!r}: this meeting page takes letters and digits only",
            remedy="use a name without spaces and signs, such as Earshot",
        )
