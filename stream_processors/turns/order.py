"""Whether a record is the next of its partition: the one check that no record was left out on the way here. Pure.

Faust may drop records while it rebalances and go on behind them. Offsets of a topic without compaction and transactions
follow on without a hole, so whoever knows where reading began sees at once what is missing.
"""

from collections.abc import Mapping
from enum import Enum

Partition = tuple[str, int]


class Turn(Enum):
    """What a record is in its partition."""

    NEXT = "next"
    SEEN = "seen"
    EARLY = "early"


class Order:
    """The next offset of every partition of this assignment."""

    def __init__(self) -> None:
        self._next: dict[Partition, int] = {}
        self._missing: set[Partition] = set()

    def begin(self, starts: Mapping[Partition, int]) -> None:
        """A new assignment: reading begins at these offsets."""
        self._next = dict(starts)
        self._missing = set()

    def turn_of(self, partition: Partition, offset: int) -> Turn:
        """NEXT: apply it and call `done`. SEEN: it was applied before. EARLY: records before it are missing."""
        due = self._next.get(partition)
        if due is None or offset < due:
            return Turn.SEEN
        if offset > due:
            self._missing.add(partition)
            return Turn.EARLY
        return Turn.NEXT

    def done(self, partition: Partition, offset: int) -> None:
        """The record is applied and stored."""
        self._next[partition] = offset + 1
        self._missing.discard(partition)

    def missing(self) -> dict[Partition, int]:
        """Where to read again: the first record that did not come, of every partition where a later one did."""
        return {partition: self._next[partition] for partition in self._missing}
