"""The audio of one stream that may have to be sent, or sent again."""

from collections import deque

from schemas.timebase import BYTES_PER_SAMPLE


class AudioBuffer:
    """PCM16 by stream sample, without holes; `trim` forgets the oldest."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self.end = 0

    def append(self, from_sample: int, pcm: bytes) -> None:
        """Audio that begins at `from_sample`; after a jump the older audio stays readable."""
        self._pieces.append((from_sample, pcm))
        self.end = from_sample + len(pcm) // BYTES_PER_SAMPLE

    def read(self, from_sample: int, to_sample: int) -> bytes:
        """The audio from `from_sample` to `to_sample`, as far as it is here."""
        found: list[bytes] = []
        for start, pcm in reversed(self._pieces):
            if start + len(pcm) // BYTES_PER_SAMPLE <= from_sample:
                break
            first, last = max(0, from_sample - start), to_sample - start
            if last > 0:
                found.append(pcm[first * BYTES_PER_SAMPLE : last * BYTES_PER_SAMPLE])
        return b"".join(reversed(found))

    def trim(self, before_sample: int) -> None:
        """Forget the pieces that end before `before_sample`."""
        while self._pieces and self._pieces[0][0] + len(self._pieces[0][1]) // BYTES_PER_SAMPLE <= before_sample:
            self._pieces.popleft()
