"""Has capture died, and what brings it back? Pure.

The audio service of a browser dies without any signal, so the first detector is the media itself: a live stream that has
not been heard for a while, under a page that still gives heartbeats. Then the heartbeat, then the browser's own events.
A closed socket alone says little: it waits GRACE_US for the event that explains it.
"""

from dataclasses import dataclass
from enum import StrEnum

from schemas.vocabulary import GapCause

GRACE_US = 500_000
HEARTBEAT_LOST_US = 10_000_000
SINK_ATTEMPTS = 3
PAGE_ATTEMPTS = 5
RETRY_US = 2_000_000
REJOIN_US = 30_000_000


class Remedy(StrEnum):
    """What brings capture back, the least first."""

    REOPEN_SINKS = "reopen_sinks"
    NEW_PAGE = "new_page"
    NEW_BROWSER = "new_browser"
    GIVE_UP = "give_up"


@dataclass(frozen=True)
class Verdict:
    """What has happened, as a gap's cause, and what to do about it."""

    cause: GapCause
    remedy: Remedy


class Watchdog:
    """Watches one bot's capture. While a new page or browser is on its way it says nothing."""

    def __init__(self, silence_us: int, memory_limit_mb: int) -> None:
        self._silence_us = silence_us
        self._memory_limit_mb = memory_limit_mb
        self._heartbeat_at_us: int | None = None
        self._socket_closed_at_us: int | None = None
        self._watching = False
        self._sink_attempts = 0
        self._page_attempts = 0
        self._sinks_reopened_at_us = 0
        self._retry_at_us: int | None = None
        self._restarted_at_us: int | None = None

    def alive(self, now_us: int) -> None:
        """The page has said hello, or given a heartbeat."""
        self._heartbeat_at_us = now_us

    def capturing(self) -> None:
        """The bot is in the call (again) and its page captures."""
        self._watching, self._page_attempts = True, 0
        self._retry_at_us = self._restarted_at_us = self._socket_closed_at_us = None

    def stop(self) -> None:
        """The bot leaves: nothing is a failure any more."""
        self._watching, self._retry_at_us, self._restarted_at_us = False, None, None

    def socket_closed(self, now_us: int) -> None:
        self._socket_closed_at_us = now_us

    def crashed(self, cause: GapCause, now_us: int) -> list[Verdict]:
        """The browser itself says that its page, or all of it, is gone."""
        remedy = Remedy.NEW_BROWSER if cause is GapCause.BROWSER_CRASH else Remedy.NEW_PAGE
        return self._restart(cause, remedy, now_us)

    def connection_lost(self, now_us: int) -> list[Verdict]:
        """The page has lost its meeting server."""
        return self._restart(GapCause.NETWORK, Remedy.NEW_PAGE, now_us)

    def memory(self, used_mb: float, now_us: int) -> list[Verdict]:
        """Better a planned restart than an end without a word."""
        if used_mb <= self._memory_limit_mb:
            return []
        return self._restart(GapCause.RESTART, Remedy.NEW_BROWSER, now_us)

    def restart_failed(self, now_us: int) -> list[Verdict]:
        """A new page or browser did not get into the call."""
        self._restarted_at_us = None
        self._page_attempts += 1
        if self._page_attempts >= PAGE_ATTEMPTS:
            return [Verdict(GapCause.UNKNOWN, Remedy.GIVE_UP)]
        self._retry_at_us = now_us + RETRY_US * self._page_attempts
        return []

    def look(self, heard_at_us: dict[str, int], now_us: int) -> list[Verdict]:
        """Judge live streams (when each was last heard), heartbeat and socket as of `now_us`."""
        if not self._watching:
            return self._look_after_restart(now_us)
        if self._socket_closed_at_us is not None and now_us - self._socket_closed_at_us > GRACE_US:
            return self._restart(GapCause.NETWORK, Remedy.NEW_PAGE, now_us)
        if self._heartbeat_at_us is not None and now_us - self._heartbeat_at_us > HEARTBEAT_LOST_US:
            return self._restart(GapCause.CAPTURE_STALL, Remedy.NEW_PAGE, now_us)
        return self._listen(heard_at_us, now_us)

    def _look_after_restart(self, now_us: int) -> list[Verdict]:
        if self._retry_at_us is not None and now_us >= self._retry_at_us:
            self._retry_at_us, self._restarted_at_us = None, now_us
            return [Verdict(GapCause.UNKNOWN, Remedy.NEW_BROWSER)]
        if self._restarted_at_us is not None and now_us - self._restarted_at_us > REJOIN_US:
            return self.restart_failed(now_us)
        return []

    def _listen(self, heard_at_us: dict[str, int], now_us: int) -> list[Verdict]:
        if all(now_us - at_us <= self._silence_us for at_us in heard_at_us.values()):
            self._sink_attempts = 0
            return []
        page_is_silent = self._heartbeat_at_us is None or now_us - self._heartbeat_at_us > self._silence_us
        if page_is_silent or now_us - self._sinks_reopened_at_us <= self._silence_us:
            return []
        # streams of one dead service stop within a moment of each other, not all past the limit at once
        all_silent = all(now_us - at_us > self._silence_us // 2 for at_us in heard_at_us.values())
        cause = GapCause.AUDIO_SERVICE_DEATH if all_silent else GapCause.CAPTURE_STALL
        if self._sink_attempts >= SINK_ATTEMPTS:
            return self._restart(cause, Remedy.NEW_PAGE, now_us)
        self._sink_attempts += 1
        self._sinks_reopened_at_us = now_us
        return [Verdict(cause, Remedy.REOPEN_SINKS)]

    def _restart(self, cause: GapCause, remedy: Remedy, now_us: int) -> list[Verdict]:
        if not self._watching:
            return []
        self._watching, self._sink_attempts, self._socket_closed_at_us = False, 0, None
        self._restarted_at_us = now_us
        return [Verdict(cause, remedy)]
