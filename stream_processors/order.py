"""Whether a record is the next of its partition: the one check that no record was left out on the way here. Pure.

Faust may drop records while it rebalances and go on behind them. Offsets of a topic without compaction and transactions
follow on without a hole, so whoever knows where reading began sees at once what is missing.
"""

from enum import Enum


class Turn(Enum):
    """What a record is in its partition."""

    NEXT = "next"
    SEEN = "seen"
    EARLY = "early"


class Order:
    """One partition: `due` is the offset that must come next, and `is_missing_records` that a later one came first."""

    def __init__(self, due: int) -> None:
        self.due = due
        self.is_missing_records = False

    def turn_of(self, offset: int) -> Turn:
        """NEXT: apply it and call `done`. SEEN: it was applied before. EARLY: read again from `due`."""
        if offset < self.due:
            return Turn.SEEN
        if offset > self.due:
            self.is_missing_records = True
            return Turn.EARLY
        return Turn.NEXT

    def done(self, offset: int) -> None:
        """The record is applied."""
        self.due = offset + 1
        self.is_missing_records = False
