"""Where a chaos run may kill this process, to the statement: EARSHOT_CLICKHOUSE_DIE_AT. Nobody else sets it.

What is proved of a process that dies by itself at a point is proved of one that the kernel kills there: SIGKILL is sent, and
nothing of this process runs after it.
"""

import os
import signal
from enum import StrEnum


class FaultPoint(StrEnum):
    """The steps between two states that another process can tell apart."""

    AFTER_POLL = "after_poll"
    AFTER_INTENT = "after_intent"
    IN_INSERT = "in_insert"
    AFTER_ACK = "after_ack"
    AFTER_COMMIT = "after_commit"


class FaultPoints:
    """Counts how often the point is reached, and dies the `n`th time; `where` is `point:n`, or empty for never."""

    def __init__(self, where: str) -> None:
        point, _, count = where.partition(":")
        self._point = FaultPoint(point) if point else None
        self._left = int(count or 1)

    def reach(self, point: FaultPoint) -> None:
        """Returns, unless this is where to die."""
        if point is self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
