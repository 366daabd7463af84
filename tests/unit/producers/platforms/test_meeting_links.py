"""Meeting links: what is understood, and what a person is told otherwise."""

import pytest

from producers.platforms.registry import resolve
from schemas.errors import UsageError

LINK = "http://127.0.0.1:18080/mvideoroomtest.html?room=4711"


def test_a_room_is_opened_as_a_listener() -> None:
    """The bot never publishes, whatever the link says; the meeting is the server and the room."""
    room, link = resolve(LINK)
    assert room.name == link.platform == "janus"
    assert link.page_url == "http://127.0.0.1:18080/mvideoroomtest.html?room=4711&subscriber-mode=yes"
    assert link.key == "127.0.0.1:18080/4711"


def test_two_links_to_one_room_are_one_meeting() -> None:
    """Extra parameters do not make another meeting."""
    assert resolve(LINK)[1] == resolve(f" {LINK}&subscriber-mode=no&simulcast=yes ")[1]


@pytest.mark.parametrize("room", ["", "?room=", "?room=abc", "?room=-1", "?room=1.5"])
def test_a_link_without_a_number_names_the_fault(room: str) -> None:
    """The message says which part is wrong and shows a right one."""
    with pytest.raises(UsageError, match="room is a number") as failure:
        resolve(f"http://127.0.0.1/mvideoroomtest.html{room}")
    assert "room=NUMBER" in failure.value.remedy


@pytest.mark.parametrize(
    "url", ["", "meet", "ftp://h/mvideoroomtest.html?room=1", "https://zoom.example/j/1", "http://["]
)
def test_another_link_is_told_what_is_understood(url: str) -> None:
    """With the whole list."""
    with pytest.raises(UsageError, match="is no meeting this bot knows") as failure:
        resolve(url)
    assert "janus: http" in failure.value.remedy


@pytest.mark.parametrize("name", ["Ear Shot", "Ear-Shot", "Éar", ""])
def test_a_name_the_page_does_not_take_is_refused_before_the_meeting(name: str) -> None:
    """The demo page takes letters and digits only, and would just clear the field."""
    room, _ = resolve(LINK)
    with pytest.raises(UsageError, match="letters and digits only"):
        room.check_name(name)
    room.check_name("Earshot2")
