"""Who spoke while somebody else did. Pure."""

from collections.abc import Iterable

import msgspec

LEAST_OVERLAP_MS = 100
TALKS_KEPT = 64


class Talk(msgspec.Struct, frozen=True):
    """A turn as a stretch of the meeting's ruler; no participant: unknown. `label` keeps a backfill apart from live."""

    label: str
    participant_id: str
    start_ms: int
    end_ms: int


def remembered(talks: tuple[Talk, ...], talk: Talk) -> tuple[Talk, ...]:
    """The latest talks, `talk` among them: as many as a long turn can overlap."""
    return (*talks, talk)[-TALKS_KEPT:]


def overlaps(talk: Talk, others: Iterable[Talk]) -> tuple[str, ...]:
    """Other participants who spoke for at least LEAST_OVERLAP_MS during `talk`, sorted."""
    return tuple(sorted({other.participant_id for other in others if _at_the_same_time(talk, other)}))


def _at_the_same_time(one: Talk, other: Talk) -> bool:
    if one.label != other.label or other.participant_id in ("", one.participant_id):
        return False
    return min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms) >= LEAST_OVERLAP_MS
