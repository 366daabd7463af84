"""What the bot asks of a meeting platform, and the words in which a platform says what it saw."""

from dataclasses import dataclass
from typing import Protocol

from playwright.async_api import Page

from schemas.vocabulary import Attribution, ParticipantKind, TrackKind


@dataclass(frozen=True)
class MeetingLink:
    """A meeting: the platform's room, what the platform calls the meeting, and the page to open."""

    platform: str
    key: str
    page_url: str


@dataclass(frozen=True)
class Voice:
    """A stream as the platform lets us tell: whose it is, and how that is known."""

    stream_id: str
    participant_id: str | None
    track_kind: TrackKind
    attribution: Attribution
    confidence: float


@dataclass(frozen=True)
class Joined:
    """The bot is in the call. `participants` are all the others, by id, with their names."""

    participants: dict[str, str]


@dataclass(frozen=True)
class ParticipantSeen:
    """Somebody is there, perhaps known already, perhaps under a new name."""

    participant_id: str
    display_name: str | None


@dataclass(frozen=True)
class ParticipantGone:
    """Somebody has left the call."""

    participant_id: str


@dataclass(frozen=True)
class ParticipantDid:
    """Mute, unmute, speech on or off of somebody who is there."""

    participant_id: str
    kind: ParticipantKind


@dataclass(frozen=True)
class SlotBound:
    """From here on the slot carries this voice."""

    slot: str
    voice: Voice


@dataclass(frozen=True)
class SlotReleased:
    """The platform has stopped forwarding anybody in this slot."""

    slot: str


@dataclass(frozen=True)
class Refused:
    """The meeting does not let the bot in, for good."""

    sub_code: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Removed:
    """The call is over for the bot: it was removed, or the meeting ended."""

    sub_code: str
    message: str


@dataclass(frozen=True)
class ConnectionLost:
    """The page has lost its meeting server."""


Observation = (
    Joined
    | ParticipantSeen
    | ParticipantGone
    | ParticipantDid
    | SlotBound
    | SlotReleased
    | Refused
    | Removed
    | ConnectionLost
)


class Platform(Protocol):
    """One attendance at one meeting, on one page. Made anew for every page."""

    async def join(self, page: Page, display_name: str) -> None:
        """Open the meeting and ask to be let in; whether that worked is observed, not returned.

        Raises Unavailable with a remedy when the page or its server does not answer.
        """
        ...

    async def leave(self, page: Page) -> None:
        """Leave so that no ghost of the bot stays in the roster; must not raise because the page is gone."""
        ...

    def observe(self, signalling: str) -> list[Observation]:
        """What one message of the page's server says, in order; nothing for what does not matter. Pure."""
        ...


class PlatformRoom(Protocol):
    """A platform, before any attendance."""

    name: str
    understands: str

    def link(self, meeting_url: str) -> MeetingLink | None:
        """The meeting behind a URL, None for URLs of others; raises UsageError for a malformed one of ours."""
        ...

    def check_name(self, display_name: str) -> None:
        """Raises UsageError for a name this platform does not take."""
        ...

    def attend(self, link: MeetingLink) -> Platform:
        """A fresh attendance."""
        ...
