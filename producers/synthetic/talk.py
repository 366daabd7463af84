"""One speaker's timeline: lines and the pauses between them, drawn as time goes on. Pure.

`talking` is the share of the time in which the speaker talks; pauses are drawn so that it comes out in the long run, and
at 1 there are none.
"""

import random
from dataclasses import dataclass

from producers.synthetic.speech import Line, LineWord, Repertoire
from schemas.timebase import BYTES_PER_UNIT, UNITS_PER_CHUNK

PAUSE_SPREAD = (0.5, 1.5)


@dataclass(frozen=True)
class Stretch:
    """Up to UNITS_PER_CHUNK units from `from_unit` on; no `pcm` is silence."""

    from_unit: int
    units: int
    pcm: bytes


@dataclass(frozen=True)
class SaidLine:
    """A line that is over; `words` are those said to their ends, by the timeline's units. `cut`: not all of it was."""

    text: str
    from_unit: int
    to_unit: int
    words: tuple[LineWord, ...]
    cut: bool


@dataclass
class _Speaking:
    line: Line
    from_unit: int
    to_unit: int


class Talk:
    """`end_unit` is where the timeline ends, None while nobody knows. Nothing begins that would not fit before it."""

    def __init__(self, repertoire: Repertoire, chance: random.Random, *, talking: float, end_unit: int | None) -> None:
        self._repertoire = repertoire
        self._chance = chance
        self._talking = talking
        self.end_unit = end_unit
        self.unit = 0
        self.said: list[SaidLine] = []
        self._line = repertoire.line(chance)
        self._begins_at = self._pause() // 2
        self._speaking: _Speaking | None = None

    @property
    def speaks(self) -> bool:
        """Whether the speaker is in the middle of a line."""
        return self._speaking is not None

    def go_on(self, to_unit: int) -> list[Stretch]:
        """What is heard up to `to_unit`, in stretches that end at multiples of UNITS_PER_CHUNK at the latest."""
        stretches: list[Stretch] = []
        limit = to_unit if self.end_unit is None else min(to_unit, self.end_unit)
        while self.unit < limit:
            end = min(limit, (self.unit // UNITS_PER_CHUNK + 1) * UNITS_PER_CHUNK)
            stretches.append(self._next(end))
        return stretches

    def stop(self) -> None:
        """The timeline ends with the word that is being said, or at once."""
        speaking = self._speaking
        if speaking is None:
            self.end_unit = self.unit
            return
        at = self.unit - speaking.from_unit
        word = next((word for word in speaking.line.words if word.from_unit < at < word.to_unit), None)
        speaking.to_unit = self.end_unit = self.unit if word is None else speaking.from_unit + word.to_unit
        if word is None:
            self._over(speaking)

    def _next(self, end: int) -> Stretch:
        if self._speaking is None and self.unit >= self._begins_at:
            self._begin()
        return (
            self._silence(min(end, max(self._begins_at, self.unit + 1)))
            if self._speaking is None
            else self._speech(end)
        )

    def _begin(self) -> None:
        if self.end_unit is not None and self.unit + self._line.units > self.end_unit:
            self._begins_at = self.end_unit
            return
        self._speaking = _Speaking(self._line, self.unit, self.unit + self._line.units)

    def _silence(self, end: int) -> Stretch:
        stretch = Stretch(self.unit, end - self.unit, b"")
        self.unit = end
        return stretch

    def _speech(self, end: int) -> Stretch:
        assert self._speaking
        speaking = self._speaking
        first, last = self.unit - speaking.from_unit, min(end, speaking.to_unit) - speaking.from_unit
        silent = speaking.line.silent[first:last]
        last = first + next((at for at, each in enumerate(silent) if each is not silent[0]), len(silent))
        end = speaking.from_unit + last
        pcm = b"" if silent[0] else speaking.line.pcm[first * BYTES_PER_UNIT : last * BYTES_PER_UNIT]
        stretch = Stretch(self.unit, last - first, pcm)
        self.unit = end
        if end == speaking.to_unit:
            self._over(speaking)
        return stretch

    def _over(self, speaking: _Speaking) -> None:
        at, length = speaking.from_unit, self.unit - speaking.from_unit
        words = tuple(
            LineWord(word.text, at + word.from_unit, at + word.to_unit)
            for word in speaking.line.words
            if word.to_unit <= length
        )
        self.said.append(SaidLine(speaking.line.text, at, self.unit, words, cut=length < speaking.line.units))
        self._speaking = None
        self._line = self._repertoire.line(self._chance)
        self._begins_at = self.unit + self._pause()

    def _pause(self) -> int:
        """Units of silence before the next line, in proportion to its length."""
        mean = self._line.units * (1 - self._talking) / self._talking
        return round(mean * self._chance.uniform(*PAUSE_SPREAD))
