"""The platforms this bot knows, explicitly."""

from producers.platforms.interface import MeetingLink, PlatformRoom
from producers.platforms.janus.adapter import JanusRoom
from schemas.errors import UsageError

PLATFORMS: tuple[PlatformRoom, ...] = (JanusRoom(),)


def resolve(meeting_url: str) -> tuple[PlatformRoom, MeetingLink]:
    """The platform of a meeting URL; raises UsageError that lists what is understood."""
    for platform in PLATFORMS:
        link = platform.link(meeting_url)
        if link:
            return platform, link
    understood = "; ".join(f"{platform.name}: {platform.understands}" for platform in PLATFORMS)
    raise UsageError(
        f"--meeting-url {meeting_url!r} is no meeting this bot knows", remedy=f"understood are {understood}"
    )
