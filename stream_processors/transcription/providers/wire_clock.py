"""From the samples of one socket to the samples of a session: silence that was added on the socket takes no time. Pure."""

from bisect import bisect_right


class WireClock:
    """A socket that begins at `session_from` of its session. Only whole samples, so nothing drifts."""

    def __init__(self, session_from: int = 0) -> None:
        self.wire = 0
        self.session = session_from
        self._wire_from = [0]
        self._session_from = [session_from]
        self._padded = False

    def audio(self, samples: int) -> None:
        """That much of the session was sent."""
        if self._padded:
            self._wire_from.append(self.wire)
            self._session_from.append(self.session)
            self._padded = False
        self.wire += samples
        self.session += samples

    def pad(self, samples: int) -> None:
        """That much silence was sent which is not of the session."""
        self.wire += samples
        self._padded = self._padded or samples > 0

    def to_session(self, wire_sample: int) -> int:
        """Place on the session; what lies in added silence is where it was added, what was not sent yet is the end."""
        piece = max(0, bisect_right(self._wire_from, wire_sample) - 1)
        after = self._session_from[piece + 1] if piece + 1 < len(self._session_from) else self.session
        return min(after, self._session_from[piece] + max(0, wire_sample) - self._wire_from[piece])
