"""The sessions of one stream: none, one, or one and the successor that is to take over from it."""

from collections.abc import Iterator

from stream_processors.transcription.sessions.session_log import SessionLog


class Sessions:
    """The oldest first; only the oldest one's answers move the cursor."""

    def __init__(self) -> None:
        self._logs: list[SessionLog] = []

    def __iter__(self) -> Iterator[SessionLog]:
        return iter(self._logs)

    @property
    def oldest(self) -> SessionLog | None:
        return self._logs[0] if self._logs else None

    @property
    def newest(self) -> SessionLog | None:
        return self._logs[-1] if self._logs else None

    def add(self, log: SessionLog) -> None:
        self._logs.append(log)

    def remove(self, log: SessionLog) -> None:
        self._logs.remove(log)

    def find(self, session_id: str) -> SessionLog | None:
        return next((log for log in self._logs if log.id == session_id), None)

    def end(self, log: SessionLog) -> list[SessionLog]:
        """Take out this session, and with it the one after it when that is in use."""
        first = self._logs.index(log)
        gone = [log, *(after for after in self._logs[first + 1 :] if after.used)]
        self._logs = [left for left in self._logs if left not in gone]
        return gone

    def end_all(self) -> list[SessionLog]:
        """Take out every session."""
        gone, self._logs = self._logs, []
        return gone

    def for_next(self, now_ms: float, *, contiguous: bool) -> SessionLog | None:
        """Which session the next utterance is sent on; a successor takes over in a silence, or when time is up."""
        if len(self._logs) < 2:
            return self.newest
        oldest, successor = self._logs
        takes_over = successor.is_ready and not contiguous
        return successor if successor.used or takes_over or now_ms >= oldest.hard_limit_ms else oldest
