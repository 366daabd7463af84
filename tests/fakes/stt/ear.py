"""What a fake service hears in the bytes it is sent: words with exact places, never a guess and never a clock.

All samples are those of one connection, at the rate the client announced, counted from its first one.
"""

import itertools
from dataclasses import dataclass
from typing import Protocol

import numpy as np

NUMBER_BITS = 10
LARGEST_NUMBER = (1 << NUMBER_BITS) - 1


@dataclass(slots=True)
class HeardWord:
    """A word; while it is being spoken `to_sample` grows."""

    text: str
    from_sample: int
    to_sample: int


class Ear(Protocol):
    """Listens to one connection."""

    words: list[HeardWord]
    """What is heard and not forgotten, in order; the last one may still be going on."""
    position: int
    """Samples heard."""
    cuttable: bool
    """Whether it may be asked to settle here without spoiling a word."""

    @property
    def silence(self) -> int:
        """Samples since somebody last spoke."""
        ...

    async def hear(self, pcm: bytes) -> None: ...

    async def settle(self) -> None:
        """Make up your mind about everything heard."""
        ...

    def forget(self, before: int) -> None:
        """Words that end before this sample are of no interest any more."""
        ...

    async def close(self) -> None: ...


class NumberedEar:
    """Every sample says in its lowest ten bits which word it belongs to: `w<number>`, or none when they are 0.

    A word that was not sent is not heard, one that was sent twice is heard twice, one that was cut is heard shorter.
    """

    cuttable = True

    def __init__(self) -> None:
        self.words: list[HeardWord] = []
        self.position = 0
        self._spoken_to = 0

    @property
    def silence(self) -> int:
        return self.position - self._spoken_to

    async def hear(self, pcm: bytes) -> None:
        for number, from_sample, to_sample in runs(pcm, self.position):
            if number:
                self._word(f"w{number}", from_sample, to_sample)
                self._spoken_to = to_sample
        self.position += len(pcm) // 2

    async def settle(self) -> None:
        """There is never a doubt."""

    def forget(self, before: int) -> None:
        self.words = [word for word in self.words if word.to_sample > before]

    async def close(self) -> None:
        """Nothing to let go of."""

    def _word(self, text: str, from_sample: int, to_sample: int) -> None:
        last = self.words[-1] if self.words else None
        if last and last.text == text and last.to_sample == from_sample:
            last.to_sample = to_sample
        else:
            self.words.append(HeardWord(text, from_sample, to_sample))


class ScriptedEar:
    """Hears a script, whatever is sent: (text, from_ms, to_ms) from the connection's first sample."""

    cuttable = True

    def __init__(self, script: tuple[tuple[str, int, int], ...], rate_hz: int) -> None:
        self._script = [HeardWord(text, start * rate_hz // 1000, end * rate_hz // 1000) for text, start, end in script]
        self._forgotten = 0
        self.position = 0

    @property
    def words(self) -> list[HeardWord]:
        begun = (word for word in self._script if self._forgotten < word.to_sample and word.from_sample < self.position)
        return [HeardWord(word.text, word.from_sample, min(word.to_sample, self.position)) for word in begun]

    @property
    def silence(self) -> int:
        begun = [min(word.to_sample, self.position) for word in self._script if word.from_sample < self.position]
        return self.position - max(begun, default=0)

    async def hear(self, pcm: bytes) -> None:
        self.position += len(pcm) // 2

    async def settle(self) -> None:
        """The script is settled."""

    def forget(self, before: int) -> None:
        self._forgotten = before

    async def close(self) -> None:
        """Nothing to let go of."""


def runs(pcm: bytes, from_sample: int) -> list[tuple[int, int, int]]:
    """The (number, from, to) in `pcm`, which begins at `from_sample`."""
    numbers = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2") & LARGEST_NUMBER
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    return [(int(numbers[a]), from_sample + a, from_sample + b) for a, b in itertools.pairwise(edges) if b > a]
