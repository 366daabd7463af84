"""What to do when speech of a partition is taken more slowly than it comes. Pure.

All streams of a partition lie behind one another on its log. Where most of them wait, reading stops, and the log keeps what
comes. Where one waits alone, stopping would silence its neighbours: its audio is left on the log, and read again once its
provider gets on.
"""

from collections.abc import Sequence
from enum import Enum

WELL = 1 / 4


class Reading(Enum):
    """How a partition is read from now on. LEAVE: but for the streams that are full."""

    ALL = "all"
    LEAVE = "leave"
    STOP = "stop"


def is_full(unsent_bytes: int, limit_bytes: int) -> bool:
    """Whether a stream may not take more audio into memory."""
    return unsent_bytes > limit_bytes


def has_room(unsent_bytes: int, limit_bytes: int) -> bool:
    """Whether it may take audio again: well below full, so that it does not stop at every chunk."""
    return unsent_bytes < limit_bytes // 2


def reading(unsent_bytes: Sequence[int], limit_bytes: int) -> Reading:
    """`unsent_bytes` of every stream that is listened to.

    Those that are full are left alone if they are no more than half, and the others are well: where everybody falls behind
    somebody is full first, and leaving one after the other would have every one of them read twice.
    """
    full = sum(is_full(each, limit_bytes) for each in unsent_bytes)
    if not full:
        return Reading.ALL
    others_are_well = all(each <= limit_bytes * WELL for each in unsent_bytes if not is_full(each, limit_bytes))
    return Reading.LEAVE if others_are_well and 2 * full <= len(unsent_bytes) else Reading.STOP
