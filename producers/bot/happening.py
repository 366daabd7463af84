"""What happens to a bot while it is in a meeting, and what the meeting makes of it. Pure."""

from dataclasses import dataclass

from producers.bot.meeting import Meeting, Output
from producers.browser.frames import PageFrame, PageMessage, Signalling
from producers.platforms.interface import Platform
from schemas.errors import EarshotError
from schemas.vocabulary import GapCause


@dataclass(frozen=True)
class Frames:
    """Sound of the page in use."""

    frames: list[PageFrame]


@dataclass(frozen=True)
class Said:
    """A message of the page in use."""

    message: PageMessage
    platform: Platform


@dataclass(frozen=True)
class SocketClosed:
    """The capture socket of the page in use has closed."""


@dataclass(frozen=True)
class Crashed:
    """The page in use, or its whole browser, is gone."""

    cause: GapCause


@dataclass(frozen=True)
class JoinFailed:
    """A page did not get as far as asking to be let in."""

    error: EarshotError


@dataclass(frozen=True)
class Left:
    """The page has left the call, or is gone anyway."""


@dataclass(frozen=True)
class StopAsked:
    """Somebody outside wants the bot to leave."""

    signal: str


@dataclass(frozen=True)
class Measured:
    """What bot and browser use of the machine's memory."""

    memory_mb: float


Happening = Frames | Said | SocketClosed | Crashed | JoinFailed | Left | StopAsked | Measured


def decide(meeting: Meeting, happening: Happening, now_us: int) -> list[Output]:
    """What is to be sent and done because of it, in this order."""
    match happening:
        case Frames(frames):
            return [output for frame in frames for output in meeting.frame(frame)]
        case Said(Signalling(text), platform):
            return [output for seen in platform.observe(text) for output in meeting.observe(seen, now_us)]
        case Said(message, _):
            return meeting.message(message, now_us)
        case Left():
            return meeting.left(now_us)
        case _:
            return _decide_rare(meeting, happening, now_us)


def _decide_rare(meeting: Meeting, happening: Happening, now_us: int) -> list[Output]:
    match happening:
        case SocketClosed():
            return meeting.socket_closed(now_us)
        case Crashed(cause):
            return meeting.crashed(cause, now_us)
        case JoinFailed(error):
            return meeting.join_failed(now_us, sub_code="join_failed", message=error.message, remedy=error.remedy)
        case StopAsked(name):
            return meeting.stop(now_us, sub_code="stopped", message=f"stopped by {name}")
        case Measured(memory_mb):
            return meeting.memory(memory_mb, now_us)
        case _:
            return []
