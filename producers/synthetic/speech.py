"""What a speaker may say: lines of recorded speech, or of numbers whose words are exact. Pure; chance is an argument."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from producers.bot.framing import SILENCE_PEAK
from producers.synthetic.numbers import MOST, spoken
from schemas.timebase import BYTES_PER_UNIT, SAMPLES_PER_UNIT

WORDS_A_LINE = (4, 11)
UNITS_A_WORD = (10, 22)


@dataclass(frozen=True)
class LineWord:
    """A word whose place in its line is known, in units from the line's first."""

    text: str
    from_unit: int
    to_unit: int


@dataclass(frozen=True)
class Line:
    """Something said without a pause: 48 kHz PCM16 of whole units. `words` is empty where their places are not known."""

    text: str
    pcm: bytes
    words: tuple[LineWord, ...] = ()

    @property
    def units(self) -> int:
        return len(self.pcm) // BYTES_PER_UNIT

    @cached_property
    def silent(self) -> tuple[bool, ...]:
        """For each unit, whether a bot would call it silence."""
        samples = np.frombuffer(self.pcm, dtype="<i2").reshape(-1, SAMPLES_PER_UNIT)
        return tuple(((samples.max(axis=1) <= SILENCE_PEAK) & (samples.min(axis=1) >= -SILENCE_PEAK)).tolist())


class Repertoire(Protocol):
    """What one speaker has to say."""

    def line(self, chance: random.Random) -> Line:
        """The next line; a speaker never runs out of them."""
        ...


class Recorded:
    """Recorded lines, in order, over and over, from anywhere."""

    def __init__(self, lines: Sequence[Line]) -> None:
        assert lines, "a speaker needs something to say"
        self._lines = lines
        self._next: int | None = None

    def line(self, chance: random.Random) -> Line:
        at = chance.randrange(len(self._lines)) if self._next is None else self._next
        self._next = (at + 1) % len(self._lines)
        return self._lines[at]


class Numbers:
    """Numbers in order, from 1; after MOST words it begins again."""

    def __init__(self) -> None:
        self._last = 0

    def line(self, chance: random.Random) -> Line:
        words: list[LineWord] = []
        pcm: list[bytes] = []
        at = 0
        for _ in range(chance.randint(*WORDS_A_LINE)):
            self._last = self._last % MOST + 1
            units = chance.randint(*UNITS_A_WORD)
            words.append(LineWord(f"w{self._last}", at, at + units))
            pcm.append(spoken(self._last, units))
            at += units
        return Line(" ".join(word.text for word in words), b"".join(pcm), tuple(words))


def whole_units(pcm: bytes) -> bytes:
    """The samples with enough silence after them to fill the last unit."""
    return pcm + bytes(-len(pcm) % BYTES_PER_UNIT)
