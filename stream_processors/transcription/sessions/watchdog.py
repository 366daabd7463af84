"""Signs that a session is dead although its socket says nothing: it does not open, takes nothing, or never answers."""

from typing import NamedTuple

from schemas.timebase import ms_to_samples
from stream_processors.transcription.providers.interface import Capabilities

CONNECT_MS = 5_000.0
NEVER = float("inf")
REMEDIES = {
    "connect_timeout": "see whether the provider can be reached from here",
    "silent": "see the provider's status page; the audio is sent again elsewhere",
    "send_stuck": "see whether the network to the provider is saturated",
    "final_timeout": "see the provider's status page",
}


class Due(NamedTuple):
    """A session counts as dead at `at_ms`, for the reason `code`."""

    at_ms: float
    code: str


class Watchdog:
    """Watches one session; its owner tells it what happens, and looks at `due`."""

    def __init__(self, capabilities: Capabilities, now_ms: float) -> None:
        self._stuck_ms = capabilities.stuck_after_ms
        self._silent_ms = capabilities.silent_after_ms
        self._opened_at_ms = now_ms
        self._ready = False
        self._untaken = 0
        self._moved_at_ms = now_ms
        self._unanswered = 0
        self._unanswered_since_ms = now_ms

    @property
    def due(self) -> Due:
        """The earliest moment at which the session counts as dead, as things stand."""
        if not self._ready:
            return Due(self._opened_at_ms + CONNECT_MS, "connect_timeout")
        stuck = self._stuck_ms is not None and self._untaken > 0
        silent = self._silent_ms is not None and self._unanswered >= ms_to_samples(self._silent_ms)
        return min(
            Due(self._moved_at_ms + (self._stuck_ms or 0) if stuck else NEVER, "send_stuck"),
            Due(self._unanswered_since_ms + (self._silent_ms or 0) if silent else NEVER, "silent"),
        )

    def ready(self, now_ms: float) -> None:
        """The session is open."""
        self._ready, self._moved_at_ms = True, now_ms

    def sent(self, samples: int, now_ms: float) -> None:
        """Audio was put in the session's queue."""
        if not self._untaken:
            self._moved_at_ms = now_ms
        self._untaken += samples

    def taken(self, samples: int, now_ms: float) -> None:
        """The provider took audio."""
        self._untaken -= samples
        self._moved_at_ms = now_ms
        if not self._unanswered:
            self._unanswered_since_ms = now_ms
        self._unanswered += samples

    def answered(self) -> None:
        """The provider said something."""
        self._unanswered = 0
