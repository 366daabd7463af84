"""A bot's transcript to read: the last revision of every turn, in time order, who spoke over whom. Pure."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from schemas.events import Turn
from schemas.vocabulary import TurnState

SOMEBODY = "(unknown speaker)"
OPEN_MARK = " …"


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What `earshot transcript --json` prints: turns as on transcript.turns, last revisions, in time order."""

    bot_id: str
    transcript_label: str
    turns: tuple[Turn, ...]


def settled(turns: Iterable[Turn], label: str) -> tuple[Turn, ...]:
    """The last revision of each turn of `label`, by the time it began; `turns` may come in any order."""
    latest: dict[str, Turn] = {}
    for turn in turns:
        known = latest.get(turn.turn_id)
        if turn.transcript_label == label and (known is None or turn.revision >= known.revision):
            latest[turn.turn_id] = turn
    return tuple(sorted(latest.values(), key=lambda turn: (turn.start_ms, turn.end_ms, turn.turn_id)))


def rendered(turns: Sequence[Turn], width: int) -> Iterator[str]:
    """Lines no wider than `width`: clock, name, text; a turn that overlaps others says whom."""
    names = {turn.participant_id: turn.display_name for turn in turns if turn.participant_id and turn.display_name}
    column = max((len(_speaker(turn)) for turn in turns), default=0)
    for turn in turns:
        lead = f"{clock(turn.start_ms)}  {_speaker(turn):<{column}}  "
        text = _overlap(turn, names) + turn.text + ("" if turn.state is TurnState.END_OF_TURN else OPEN_MARK)
        indent = " " * len(lead)
        wrapped = textwrap.wrap(text, max(width, len(lead) + 20), initial_indent=lead, subsequent_indent=indent)
        yield from wrapped or [lead.rstrip()]


def clock(at_ms: int) -> str:
    """`mm:ss` on the meeting's ruler, with hours once there are any; before recording started it is negative."""
    minutes, seconds = divmod(abs(at_ms) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    written = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
    return f"-{written}" if at_ms <= -1000 else written


def _speaker(turn: Turn) -> str:
    return turn.display_name or turn.participant_id or turn.speaker_label or SOMEBODY


def _overlap(turn: Turn, names: dict[str, str]) -> str:
    over = [names.get(participant_id, participant_id) for participant_id in turn.overlaps]
    return f"[over {', '.join(over)}] " if over else ""
