"""One provider session of one stream, as the machine remembers it: what was sent, what it costs, how fast answers came."""

from collections import deque

import numpy as np

from schemas.timebase import samples_to_ms
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import Capabilities, ProviderResult, SessionRequest
from stream_processors.transcription.routing.choice import Grant
from stream_processors.transcription.sessions.bill import billed_ms
from stream_processors.transcription.sessions.pacing import Pacer
from stream_processors.transcription.sessions.timemap import TimeMap
from stream_processors.transcription.sessions.watchdog import NEVER, Watchdog

SOFT_MARGIN_MS = 60_000
HARD_MARGIN_MS = 20_000
ACCOUNT_EVERY_MS = 60_000


class SessionLog:
    """Counts audio, speech and latencies. `timeline` maps the session's samples to the stream's.

    `used`: an utterance was given to it. `held` are results that wait because the session before this one still has to
    answer. `accounts`: how often it was written down what it has cost so far.
    """

    def __init__(self, request: SessionRequest, capabilities: Capabilities, grant: Grant, now: Moment) -> None:
        self.request = request
        self.capabilities = capabilities
        self.grant = grant
        self.timeline = TimeMap()
        self.pacer = Pacer(capabilities.pace, now.ms)
        self.watchdog = Watchdog(capabilities, now.ms)
        self.held: deque[ProviderResult] = deque()
        self.used = False
        self.speech_ms = 0
        self.first_result_ms: int | None = None
        self.accounts = 0
        self._opened_at_ms = now.ms
        self._ready_at_ms: float | None = None
        self._first_sent: Moment | None = None
        self._latencies_ms: list[int] = []

    @property
    def id(self) -> str:
        return self.request.session_id

    @property
    def is_ready(self) -> bool:
        return self._ready_at_ms is not None

    @property
    def has_answered(self) -> bool:
        return self.first_result_ms is not None

    @property
    def audio_sent_ms(self) -> int:
        return samples_to_ms(self.timeline.sent_samples)

    @property
    def soft_limit_ms(self) -> float:
        """When a successor should be opened, to take over in a silence."""
        return self._limit_less(SOFT_MARGIN_MS, 0.2)

    @property
    def hard_limit_ms(self) -> float:
        """When the successor must take over wherever an utterance ends."""
        return self._limit_less(HARD_MARGIN_MS, 0.1)

    @property
    def account_at_ms(self) -> float:
        """When it is to be written down again what the session has cost so far."""
        if self._ready_at_ms is None:
            return NEVER
        return self._ready_at_ms + (self.accounts + 1) * ACCOUNT_EVERY_MS

    def billed_ms(self, now: Moment) -> int:
        open_ms = 0.0 if self._ready_at_ms is None else now.ms - self._ready_at_ms
        return billed_ms(self.capabilities.price, self.timeline.sent_samples, open_ms)

    def ready(self, now: Moment) -> None:
        """The session is open."""
        self._ready_at_ms = now.ms
        self.watchdog.ready(now.ms)

    def sent(self, from_sample: int, samples: int, now: Moment) -> None:
        """Audio of the stream from `from_sample` was handed over."""
        self._first_sent = self._first_sent or now
        self.timeline.sent(from_sample, samples)
        self.pacer.sent(samples)
        self.watchdog.sent(samples, now.ms)

    def answered(self, now: Moment) -> None:
        """A result came."""
        self.watchdog.answered()
        if self.first_result_ms is None and self._first_sent:
            self.first_result_ms = int(now.ms - self._first_sent.ms)

    def finalised(self, latency_ms: int) -> None:
        """A final came `latency_ms` after its speech ended."""
        self._latencies_ms.append(latency_ms)

    def latency_ms(self, percent: int) -> int | None:
        return int(np.percentile(self._latencies_ms, percent)) if self._latencies_ms else None

    def _limit_less(self, margin_ms: int, most: float) -> float:
        limit_ms = self.capabilities.session_limit_ms
        if limit_ms is None:
            return NEVER
        return self._opened_at_ms + limit_ms - min(margin_ms, limit_ms * most)
