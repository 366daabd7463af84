"""From the samples of a provider session to the samples of a stream: spans that were not sent are stepped over."""

from bisect import bisect_right


class TimeMap:
    """Grows with every piece of audio sent on one session. All samples are 48 kHz."""

    def __init__(self) -> None:
        self._session_from: list[int] = []
        self._stream_from: list[int] = []
        self._sent = 0

    @property
    def sent_samples(self) -> int:
        """Where on the session's clock the next piece begins."""
        return self._sent

    def sent(self, stream_from: int, samples: int) -> None:
        """`samples` of the stream from `stream_from` were sent."""
        if not self._stream_from or self._stream_end() != stream_from:
            self._session_from.append(self._sent)
            self._stream_from.append(stream_from)
        self._sent += samples

    def start(self, session_sample: int) -> int:
        """Place on the stream of something that begins at `session_sample`."""
        piece = max(0, bisect_right(self._session_from, session_sample) - 1)
        return self._stream_from[piece] + session_sample - self._session_from[piece]

    def end(self, session_sample: int) -> int:
        """Place on the stream of something that ends before `session_sample`: in the piece its last sample is in."""
        return self.start(session_sample - 1) + 1

    def _stream_end(self) -> int:
        return self._stream_from[-1] + self._sent - self._session_from[-1]
