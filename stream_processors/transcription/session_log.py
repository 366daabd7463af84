"""One provider session of one stream, as the machine remembers it: what was sent, and how fast answers came."""

import numpy as np

from schemas.timebase import samples_to_ms
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import SessionRequest
from stream_processors.transcription.timemap import TimeMap


class SessionLog:
    """Counts audio, speech and latencies. `timeline` maps the session's samples to the stream's."""

    def __init__(self, request: SessionRequest) -> None:
        self.request = request
        self.timeline = TimeMap()
        self.speech_ms = 0
        self.first_result_ms: int | None = None
        self._first_sent: Moment | None = None
        self._latencies_ms: list[int] = []

    @property
    def audio_sent_ms(self) -> int:
        return samples_to_ms(self.timeline.sent_samples)

    def sent(self, from_sample: int, samples: int, now: Moment) -> None:
        """Audio of the stream from `from_sample` was handed over."""
        self._first_sent = self._first_sent or now
        self.timeline.sent(from_sample, samples)

    def answered(self, now: Moment) -> None:
        """A result came."""
        if self.first_result_ms is None and self._first_sent:
            self.first_result_ms = int(now.ms - self._first_sent.ms)

    def finalised(self, latency_ms: int) -> None:
        """A final came `latency_ms` after its speech ended."""
        self._latencies_ms.append(latency_ms)

    def latency_ms(self, percent: int) -> int | None:
        return int(np.percentile(self._latencies_ms, percent)) if self._latencies_ms else None
