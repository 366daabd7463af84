"""What Janus says, as observations. The messages are shaped as a real Janus 1.1.2 sent them."""

import json
from typing import Any

import pytest

from producers.platforms.interface import (
    ConnectionLost,
    Joined,
    ParticipantDid,
    ParticipantGone,
    ParticipantSeen,
    Refused,
    Removed,
    SlotBound,
    SlotReleased,
)
from producers.platforms.janus.signalling import Signalling, voice
from schemas.vocabulary import ParticipantKind

ANN = 3199772455028070
BOB = 8889166568977800
ME = 1912187958772907


def event(**data: Any) -> str:
    return json.dumps(
        {
            "janus": "event",
            "session_id": 1,
            "sender": 2,
            "plugindata": {"plugin": "janus.plugin.videoroom", "data": {"room": 1234, **data}},
        }
    )


def audio(mid: str, feed: int | None) -> dict[str, Any]:
    line = {"type": "audio", "active": feed is not None, "mindex": int(mid), "mid": mid, "ready": False, "send": True}
    return line if feed is None else {**line, "feed_id": feed, "feed_display": "x", "feed_mid": "0", "codec": "opus"}


def publisher(feed: int, display: str) -> dict[str, Any]:
    return {
        "id": feed,
        "display": display,
        "audio_codec": "opus",
        "streams": [{"type": "audio", "mindex": 0, "mid": "0", "codec": "opus", "fec": True}],
    }


@pytest.fixture
def janus() -> Signalling:
    return Signalling("1234")


def test_joining_shows_everybody_who_is_there(janus: Signalling) -> None:
    """Publishers and listeners alike, and not the bot itself."""
    text = event(videoroom="joined", id=ME, private_id=7, publishers=[publisher(ANN, "Ann")], attendees=[{"id": BOB}])
    assert janus.observe(text) == [Joined({f"janus:{BOB}": "", f"janus:{ANN}": "Ann"})]


def test_people_come_and_go(janus: Signalling) -> None:
    """Coming in, publishing and leaving."""
    assert janus.observe(event(videoroom="event", joining={"id": ANN, "display": "Ann"})) == [
        ParticipantSeen(f"janus:{ANN}", "Ann")
    ]
    assert janus.observe(event(videoroom="event", publishers=[publisher(BOB, "Bob")])) == [
        ParticipantSeen(f"janus:{BOB}", "Bob")
    ]
    assert janus.observe(event(videoroom="event", leaving=ANN)) == [ParticipantGone(f"janus:{ANN}")]
    assert janus.observe(event(videoroom="event", kicked=BOB)) == [ParticipantGone(f"janus:{BOB}")]


def test_unpublishing_is_not_leaving(janus: Signalling) -> None:
    """Somebody who stops the microphone is still in the room."""
    assert janus.observe(event(videoroom="event", unpublished=ANN)) == []


def test_slots_are_bound_and_bound_anew(janus: Signalling) -> None:
    """Janus repeats all m-lines each time; only what changed is news, and another feed may come into the same slot."""
    assert janus.observe(event(videoroom="attached", streams=[audio("0", ANN)])) == [SlotBound("0/0", voice(ANN))]
    assert janus.observe(event(videoroom="updated", streams=[audio("0", ANN), audio("1", BOB)])) == [
        SlotBound("0/1", voice(BOB))
    ]
    assert janus.observe(event(videoroom="updated", streams=[audio("0", None), audio("1", BOB)])) == [
        SlotReleased("0/0")
    ]
    assert janus.observe(event(videoroom="updated")) == []
    assert janus.observe(event(videoroom="updated", streams=[audio("0", 5), audio("1", BOB)])) == [
        SlotBound("0/0", voice(5))
    ]


def test_only_sound_matters(janus: Signalling) -> None:
    """Cameras are nobody's voice."""
    video = {**audio("1", ANN), "type": "video"}
    assert janus.observe(event(videoroom="updated", streams=[video])) == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"videoroom": "talking", "id": ANN, "audio-level-dBov-avg": 18.06}, ParticipantKind.SPEECH_ON),
        ({"videoroom": "stopped-talking", "id": ANN, "audio-level-dBov-avg": 98.5}, ParticipantKind.SPEECH_OFF),
        ({"videoroom": "event", "id": ANN, "mid": "0", "moderation": "muted"}, ParticipantKind.MUTE),
        ({"videoroom": "event", "id": ANN, "mid": "0", "moderation": "unmuted"}, ParticipantKind.UNMUTE),
    ],
)
def test_what_people_do(janus: Signalling, data: dict[str, Any], kind: ParticipantKind) -> None:
    """Talking by Janus's own measure, and a moderator's mute."""
    assert janus.observe(event(**data)) == [ParticipantDid(f"janus:{ANN}", kind)]


def test_another_display_name(janus: Signalling) -> None:
    """A participant configures a new display; the roster makes a rename of it."""
    assert janus.observe(event(videoroom="event", id=ANN, display="Anna")) == [ParticipantSeen(f"janus:{ANN}", "Anna")]


def test_the_bot_is_thrown_out(janus: Signalling) -> None:
    """Said to the bot itself, and said of it to all."""
    janus.observe(event(videoroom="joined", id=ME, publishers=[]))
    (removed,) = janus.observe(event(videoroom="event", leaving="ok", reason="kicked"))
    assert isinstance(removed, Removed)
    assert removed.sub_code == "kicked"
    assert isinstance(janus.observe(event(videoroom="event", kicked=ME))[0], Removed)


def test_the_room_ends(janus: Signalling) -> None:
    """Destroyed under everybody's feet."""
    (removed,) = janus.observe(event(videoroom="destroyed"))
    assert isinstance(removed, Removed)
    assert removed.sub_code == "room_destroyed"


def test_no_such_room_and_other_refusals(janus: Signalling) -> None:
    """Each with what to do about it."""
    (refused,) = janus.observe(event(videoroom="event", error_code=426, error="No such room (1234)"))
    assert isinstance(refused, Refused)
    assert (refused.sub_code, refused.message) == ("no_such_room", "room 1234 does not exist")
    (refused,) = janus.observe(event(videoroom="event", error_code=433, error="Unauthorized (wrong pin)"))
    assert isinstance(refused, Refused)
    assert (refused.sub_code, refused.remedy) == ("janus_433", "ask the room's owner to let it in")


def test_a_session_that_timed_out_is_a_lost_connection(janus: Signalling) -> None:
    """The server has forgotten the page."""
    assert janus.observe('{"janus":"timeout","session_id":1}') == [ConnectionLost()]


@pytest.mark.parametrize("text", ["", "hello", "[]", "{}", '{"janus":"ack"}', '{"janus":"webrtcup","sender":3}'])
def test_everything_else_says_nothing(janus: Signalling, text: str) -> None:
    """Acknowledgements, trickle, other libraries' messages."""
    assert janus.observe(text) == []
