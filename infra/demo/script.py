"""Who says what in the demo's meeting, and when they come, go and mute. Data and arithmetic only.

A talker's microphone is a recording that starts with every getUserMedia, so whoever leaves and comes back says
everything again, and words inside a mute would be lost: the script mutes only where nothing is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LEAD_S = 3.0
PAUSE_S = 0.7
TAIL_S = 1.5
LATE_S = 12.0
AWAY_S = 4.0
MUTED_PAUSE_S = 7.0
LONGEST_REPEATED_S = 45.0


@dataclass(frozen=True)
class Line:
    """One sentence and the silence before it. `muted`: the microphone is off in that silence."""

    text: str
    pause_s: float = PAUSE_S
    muted: bool = False


@dataclass(frozen=True)
class Part:
    """One talker: what is said on every visit, and the visits. `voice` is flite's; None for one's own recording."""

    name: str
    lines: tuple[Line, ...]
    voice: str | None = None
    joins_at_s: float = 0.0
    visits: int = 1
    away_s: float = AWAY_S

    @property
    def said(self) -> str:
        """Every word of one visit."""
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Span:
    """A stretch of a recording, in seconds from its start."""

    from_s: float
    to_s: float


@dataclass(frozen=True)
class Layout:
    """Where the lines of a part lie in its recording."""

    speech: tuple[Span, ...]
    mute: Span | None
    length_s: float


@dataclass(frozen=True)
class Visit:
    """One stay of one talker: everything in `said` was spoken."""

    name: str
    said: str
    microphone_opened_at_us: int
    left_at_us: int


def layout(lines: Sequence[Line], seconds: Sequence[float]) -> Layout:
    """Place lines that take `seconds` each one after another; a mute keeps clear of the words around it."""
    at_s = 0.0
    speech: list[Span] = []
    mute: Span | None = None
    for line, length_s in zip(lines, seconds, strict=True):
        mute = Span(at_s + 1.0, at_s + line.pause_s - 1.5) if line.muted else mute
        at_s += line.pause_s
        speech.append(Span(at_s, at_s + length_s))
        at_s += length_s
    return Layout(tuple(speech), mute, at_s + TAIL_S)


def own_parts(recordings: Sequence[tuple[str, str, float]]) -> tuple[Part, ...]:
    """The same meeting for one's own recordings (name, what is said, seconds), in order of name.

    The first mutes before speaking; of two and more the last comes late; the shortest of the others comes back and
    says it again, unless that takes too long.
    """
    ordered = sorted(recordings)
    on_time = ordered[:-1] or ordered
    again = min(on_time, key=lambda recording: recording[2])
    return tuple(
        Part(
            name=name,
            lines=(
                Line(text, pause_s=MUTED_PAUSE_S if name == ordered[0][0] else LEAD_S, muted=name == ordered[0][0]),
            ),
            joins_at_s=0.0 if (name, text, seconds) in on_time else LATE_S,
            visits=2 if name == again[0] and seconds <= LONGEST_REPEATED_S else 1,
        )
        for name, text, seconds in ordered
    )


ROBERT = Part(
    name="Robert",
    voice="rms",
    lines=(
        Line("Good morning everyone and welcome to this short meeting about the library.", pause_s=LEAD_S),
        Line("The old library will open its doors again in the spring and we have a lot of work to do."),
        Line("First we need more people who can help us carry the books up from the basement."),
        Line("My brother has a truck and he can bring the tables on Friday afternoon."),
        Line(
            "Sorry I had to close the window because the street is very loud today.", pause_s=MUTED_PAUSE_S, muted=True
        ),
        Line("I think we should ask the school for help since the children love to read."),
        Line("Let us talk about the money next week when we know what the new roof will cost."),
    ),
)
SUSAN = Part(
    name="Susan",
    voice="slt",
    lines=(
        Line("I spoke with the city council last night and they really like our plan.", pause_s=LEAD_S),
        Line("We have to send them a letter before the end of the month."),
        Line("I can write the letter tonight if someone will check it in the morning."),
        Line("I must answer the phone now but I will be back in a minute."),
    ),
    visits=2,
)
ALAN = Part(
    name="Alan",
    voice="awb",
    joins_at_s=LATE_S,
    lines=(
        Line("I am sorry to be late but the train had to wait for a long time.", pause_s=LEAD_S),
        Line("I have good news about the garden behind the building."),
        Line("My friend will give us all the flowers and the young trees that we need."),
        Line("The children and their parents could help us in the garden on the first warm Saturday."),
        Line("We should also build a small house for the birds near the back door."),
        Line("Coffee and cake would bring more people than any picture in the window."),
        Line("I will call the newspaper tomorrow and ask them to write a story about the library."),
    ),
)
PARTS = (ROBERT, SUSAN, ALAN)
