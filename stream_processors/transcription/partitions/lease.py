"""Whether this worker may write: only while no other can believe that it owns the same partitions.

The group gives a silent member's partitions away after the session timeout. A worker that was paused does not know how
long it slept, so it may write only for so long after the broker last took a commit of its own.
"""

MARGIN_MS = 1000


class Lease:
    """Valid for the session timeout, less a margin, from when the last commit that succeeded was sent."""

    def __init__(self, session_timeout_ms: int) -> None:
        self._length_ms = session_timeout_ms - MARGIN_MS
        self._until_ms = float("-inf")

    def renewed(self, sent_at_ms: float) -> None:
        """The broker took a commit that was sent at `sent_at_ms`."""
        self._until_ms = max(self._until_ms, sent_at_ms + self._length_ms)

    def lost(self) -> None:
        """The partitions may be somebody else's from now on."""
        self._until_ms = float("-inf")

    def valid(self, now_ms: float) -> bool:
        return now_ms < self._until_ms
