"""Whether a worker still gets on: a process that runs but reads nothing is dead, and must not look alive."""


class Liveness:
    """Told now and then how far reading is and whether there is more to read."""

    def __init__(self, limit_ms: float) -> None:
        self._limit_ms = limit_ms
        self._progress = -1
        self._since_ms: float | None = None

    @property
    def stands(self) -> bool:
        """Whether nothing was read between the last two looks, though there was something to read."""
        return self._since_ms is not None

    def stuck(self, now_ms: float, progress: int, *, behind: bool) -> bool:
        """True when there has been something to read for `limit_ms` and nothing was. `progress` grows with reading."""
        if progress != self._progress or not behind:
            self._progress, self._since_ms = progress, None
            return False
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        return now_ms - self._since_ms >= self._limit_ms
