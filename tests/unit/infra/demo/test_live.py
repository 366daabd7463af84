"""What the demo prints while people talk."""

import io

from infra.demo.live import Live
from schemas.topics import BOT_EVENTS, TRANSCRIPT_PARTIALS, TRANSCRIPT_TURNS
from schemas.vocabulary import BotState
from tests.fakes.meeting_records import bot_event, turn


class Terminal(io.StringIO):
    """A place that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_settled_turn_is_one_line() -> None:
    """Time since recording started, who, what."""
    out = io.StringIO()
    Live(out).show(TRANSCRIPT_TURNS, turn(75, "janus:1", "good morning", name="Ann"))
    assert out.getvalue() == "01:15  Ann       good morning\n"


def test_open_words_are_not_written_to_a_file() -> None:
    """A file or a pipe cannot write over a line, so it gets settled turns only."""
    out = io.StringIO()
    Live(out).show(TRANSCRIPT_PARTIALS, turn(1, "janus:1", "good"))
    assert out.getvalue() == ""


def test_open_words_are_written_over_on_a_terminal() -> None:
    """The line of open words gives way to the settled turn."""
    out = Terminal()
    live = Live(out)
    live.show(TRANSCRIPT_PARTIALS, turn(1, "janus:1", "good"))
    live.show(TRANSCRIPT_TURNS, turn(1, "janus:1", "good morning"))
    open_words, settled = out.getvalue().split("\r\x1b[2K")[1:]
    assert "\n" not in open_words
    assert settled.endswith("good morning\n")


def test_other_records_are_not_for_reading() -> None:
    """A bot's states are not speech."""
    out = io.StringIO()
    Live(out).show(BOT_EVENTS, bot_event(0, BotState.JOINING))
    assert out.getvalue() == ""
