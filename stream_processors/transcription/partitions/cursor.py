"""Which Kafka offset may be committed: never past a record whose audio no acknowledged result covers.

A stream's K is the end of the audio that results acknowledged by Kafka cover. The record that holds K minus the preroll
is the first one its next owner must read again; a stream whose K reached its last record holds nothing back.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A record of the stream that may have to be read again, and the end of its audio."""

    offset: int
    to_sample: int


class StreamCursor:
    """K of one stream and epoch. `results_offset` is the place on the results topic that says so."""

    def __init__(self, acknowledged: int, preroll_samples: int, results_offset: int | None = None) -> None:
        self.acknowledged = acknowledged
        self.results_offset = results_offset
        self._preroll = preroll_samples
        self._held: list[Held] = []
        self._end = 0

    def read(self, offset: int, to_sample: int) -> None:
        """A record was read whose audio ends at `to_sample`."""
        self._end = max(self._end, to_sample)
        self._held.append(Held(offset, to_sample))
        if self.acknowledged >= self._end:
            self._trim()

    def acknowledge(self, sample: int, results_offset: int) -> None:
        """Kafka has the result that moves K to `sample`, at `results_offset`."""
        self.results_offset = results_offset
        if sample > self.acknowledged:
            self.acknowledged = sample
            self._trim()

    def hold_back(self) -> int | None:
        """Offset of the first record still needed; None when nothing is."""
        return None if self.acknowledged >= self._end or not self._held else self._held[0].offset

    @property
    def settled(self) -> bool:
        """Whether everything read is covered."""
        return self.acknowledged >= self._end

    def _trim(self) -> None:
        needed = self.acknowledged - self._preroll
        self._held = [held for held in self._held if held.to_sample > needed]


def committable(next_offset: int, cursors: Iterable[StreamCursor], others: Iterable[int] = ()) -> int:
    """The offset to commit for a partition: `next_offset`, or the first one a stream, or one of `others`, needs."""
    needed = [offset for cursor in cursors if (offset := cursor.hold_back()) is not None]
    return min([next_offset, *needed, *others])


def oldest_result(cursors: Iterable[StreamCursor]) -> int | None:
    """Where a new owner must begin to read the results topic to find every K; None when no K is written there."""
    return min((c.results_offset for c in cursors if c.results_offset is not None), default=None)
