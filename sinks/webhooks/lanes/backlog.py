"""Offsets that wait their turn, eight bytes each. Pure."""

from array import array
from collections.abc import Iterable

SPENT_TO_DROP = 1024


class Backlog:
    """First in, first out. Behind a dead endpoint there may be a million of them."""

    def __init__(self) -> None:
        self._offsets = array("q")
        self._spent = 0

    def __len__(self) -> int:
        return len(self._offsets) - self._spent

    @property
    def first(self) -> int:
        return self._offsets[self._spent]

    def append(self, offset: int) -> None:
        self._offsets.append(offset)

    def put_back(self, offsets: Iterable[int]) -> None:
        """Before all others, in this order."""
        self._offsets = array("q", offsets) + self._offsets[self._spent :]
        self._spent = 0

    def peek(self, count: int) -> list[int]:
        return self._offsets[self._spent : self._spent + count].tolist()

    def pop(self) -> int:
        offset = self._offsets[self._spent]
        self._spent += 1
        if self._spent >= SPENT_TO_DROP and self._spent * 2 >= len(self._offsets):
            del self._offsets[: self._spent]
            self._spent = 0
        return offset
