"""Settled offsets of one partition to the offset that may be committed. Pure."""


class Offsets:
    """Records are taken in ascending order and settled in any; nothing past an unsettled record may be committed.

    Only what lies at or above the watermark is kept, so memory follows what is under way, not what has gone by.
    """

    def __init__(self) -> None:
        self._unsettled: dict[int, None] = {}  # a dict keeps the order of arrival, which is ascending
        self._settled: set[int] = set()
        self.next: int | None = None

    def take(self, offset: int) -> None:
        """A record was read and holds the watermark back until it is settled."""
        self._unsettled[offset] = None
        self.pass_to(offset + 1)

    def pass_to(self, next_offset: int) -> None:
        """Everything before `next_offset` was read; what was not taken needs no settling (dead letters)."""
        self.next = max(next_offset, self.next or 0)

    def settle(self, offset: int) -> None:
        if offset not in self._unsettled:
            return
        del self._unsettled[offset]
        if self._unsettled:
            self._settled.add(offset)
        else:
            self._settled.clear()

    @property
    def watermark(self) -> int | None:
        """Next offset to read after a restart; None while nothing was read."""
        return next(iter(self._unsettled), self.next)

    def settled_above(self) -> list[int]:
        """What is settled above the watermark, ascending."""
        watermark = self.watermark or 0
        self._settled = {offset for offset in self._settled if offset > watermark}
        return sorted(self._settled)
