"""Who says what, as it settles: turns as lines, the words still open in a subdued line below them."""

import shutil
from typing import TextIO

from schemas.events import Record, Turn
from schemas.topics import TRANSCRIPT_TURNS, Topic

FORGET_LINE = "\r\x1b[2K"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
NAME_WIDTH = 10


class Live:
    """Writes turns to `out`. Open words are shown only where a line can be written over: on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._draws = out.isatty()

    def show(self, topic: Topic, record: Record) -> None:
        """Print a turn; anything else is not for reading."""
        if not isinstance(record, Turn) or not record.text:
            return
        if topic is TRANSCRIPT_TURNS:
            self._write(f"{FORGET_LINE if self._draws else ''}{line_of(record)}\n")
        elif self._draws:
            width = shutil.get_terminal_size((120, 24)).columns - 1
            self._write(f"{FORGET_LINE}{DIM}{line_of(record)[:width]}{PLAIN}")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def line_of(turn: Turn) -> str:
    """`00:12  Robert    what was said`, in minutes and seconds since recording started."""
    minutes, seconds = divmod(max(turn.start_ms, 0) // 1000, 60)
    who = turn.display_name or turn.participant_id or "(unknown)"
    return f"{minutes:02}:{seconds:02}  {who:<{NAME_WIDTH}}{turn.text}"
