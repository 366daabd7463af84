"""What Janus says on the page's WebSocket, as observations. Pure; one instance reads one page from its first message on.

The page has two handles: one stands in the room (joined, publishers, leaving …), one subscribes (attached, updated). Only
audio matters here. A participant is a feed; muting on the page sends silence and is not signalled, so mute and unmute
come from moderation alone.
"""

import msgspec

from producers.platforms.interface import (
    ConnectionLost,
    Joined,
    Observation,
    ParticipantDid,
    ParticipantGone,
    ParticipantSeen,
    Refused,
    Removed,
    SlotBound,
    SlotReleased,
    Voice,
)
from schemas.vocabulary import Attribution, ParticipantKind, TrackKind

NO_SUCH_ROOM = 426
PEER_CONNECTION = 0
Id = int | str


class Person(msgspec.Struct, frozen=True):
    """A publisher or an attendee."""

    id: Id
    display: str | None = None


class SubscribedStream(msgspec.Struct, frozen=True):
    """One m-line of the subscriber connection; inactive, or without a feed, it carries nobody."""

    type: str
    mid: str
    active: bool = False
    feed_id: Id | None = None


class Event(msgspec.Struct, frozen=True):
    """`plugindata.data` of the VideoRoom plugin, as far as a listener cares."""

    videoroom: str = ""
    id: Id | None = None
    display: str | None = None
    publishers: tuple[Person, ...] = ()
    attendees: tuple[Person, ...] = ()
    joining: Person | None = None
    leaving: Id | None = None
    kicked: Id | None = None
    reason: str = ""
    moderation: str = ""
    streams: tuple[dict[str, object], ...] = ()
    error_code: int = 0
    error: str = ""


class PluginData(msgspec.Struct, frozen=True):
    """The plugin's part of a message."""

    data: Event = Event()


class Message(msgspec.Struct, frozen=True):
    """One message of Janus."""

    janus: str = ""
    plugindata: PluginData = PluginData()


_messages = msgspec.json.Decoder(Message, strict=False)


def participant_id(feed: Id) -> str:
    return f"janus:{feed}"


def voice(feed: Id) -> Voice:
    """On Janus a feed is a participant is a stream."""
    return Voice(f"janus:{feed}/audio", participant_id(feed), TrackKind.MICROPHONE, Attribution.EXACT, 1.0)


class Signalling:
    """Reads one page's messages."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._me: Id | None = None
        self._bound: dict[str, Id] = {}

    def observe(self, text: str) -> list[Observation]:
        """What one message says; messages of other libraries on the page say nothing."""
        try:
            message = _messages.decode(text)
        except msgspec.DecodeError:
            return []
        if message.janus == "timeout":
            return [ConnectionLost()]
        return self._event(message.plugindata.data) if message.janus in ("event", "success") else []

    def _event(self, event: Event) -> list[Observation]:
        match event.videoroom:
            case "joined":
                return self._joined(event)
            case "attached" | "updated":
                return self._subscribed(event)
            case "talking" | "stopped-talking" if event.id is not None:
                kind = ParticipantKind.SPEECH_ON if event.videoroom == "talking" else ParticipantKind.SPEECH_OFF
                return [ParticipantDid(participant_id(event.id), kind)]
            case "destroyed":
                return [Removed("room_destroyed", "the room was destroyed")]
            case "event":
                return [*self._failed(event), *self._people(event), *self._ended(event)]
            case _:
                return []

    def _joined(self, event: Event) -> list[Observation]:
        self._me = event.id
        others = {participant_id(one.id): one.display or "" for one in (*event.attendees, *event.publishers)}
        return [Joined(others)]

    def _subscribed(self, event: Event) -> list[Observation]:
        streams = [msgspec.convert(stream, SubscribedStream) for stream in event.streams]
        return [change for stream in streams if stream.type == "audio" for change in self._rebind(stream)]

    def _rebind(self, stream: SubscribedStream) -> list[Observation]:
        """Janus repeats the whole list each time: only what differs is news."""
        slot = f"{PEER_CONNECTION}/{stream.mid}"
        feed = stream.feed_id if stream.active else None
        if self._bound.get(slot) == feed:
            return []
        if feed is None:
            del self._bound[slot]
            return [SlotReleased(slot)]
        self._bound[slot] = feed
        return [SlotBound(slot, voice(feed))]

    def _people(self, event: Event) -> list[Observation]:
        seen: list[Observation] = [ParticipantSeen(participant_id(one.id), one.display) for one in event.publishers]
        if event.joining:
            seen.append(ParticipantSeen(participant_id(event.joining.id), event.joining.display))
        if event.id is not None and event.moderation:
            kind = ParticipantKind.MUTE if event.moderation == "muted" else ParticipantKind.UNMUTE
            seen.append(ParticipantDid(participant_id(event.id), kind))
        elif event.id is not None and event.display is not None:
            seen.append(ParticipantSeen(participant_id(event.id), event.display))
        return seen

    def _ended(self, event: Event) -> list[Observation]:
        if event.leaving == "ok":
            return [Removed(event.reason or "left", "the bot was removed from the room")]
        if event.kicked is not None and event.kicked == self._me:
            return [Removed("kicked", "the bot was removed from the room")]
        gone = event.leaving if event.leaving is not None else event.kicked
        return [ParticipantGone(participant_id(gone))] if gone is not None else []

    def _failed(self, event: Event) -> list[Observation]:
        if not event.error_code:
            return []
        if event.error_code == NO_SUCH_ROOM:
            return [Refused("no_such_room", f"room {self._room} does not exist", "create the room, or mend the link")]
        return [
            Refused(
                f"janus_{event.error_code}",
                f"the room refuses the bot: {event.error}",
                "ask the room's owner to let it in",
            )
        ]
