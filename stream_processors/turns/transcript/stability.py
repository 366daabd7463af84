"""How steady what is shown before it is final is: words shown, words that turned out otherwise. Pure.

The unstable partial word ratio is changed / shown over a stretch of time; capitals and punctuation are no change.
"""

from itertools import zip_longest

import msgspec

from schemas.events import Word
from stream_processors.turns.machine.words import Words

PUNCTUATION = ".,;:!?…\"'¿¡"


class Stability(msgspec.Struct, frozen=True):
    """Words shown before they were final, and those of them that were later replaced or taken back."""

    shown: int = 0
    changed: int = 0

    def __add__(self, other: "Stability") -> "Stability":
        return Stability(self.shown + other.shown, self.changed + other.changed)

    @property
    def unstable_ratio(self) -> float:
        """0 when no word changed, 1 when every one did."""
        return self.changed / self.shown if self.shown else 0.0


def compared(before: Words, after: Words) -> Stability:
    """What the step from one revision of a turn to the next adds; words are compared by their place in the turn."""
    shown = changed = 0
    for one, other in zip_longest(before, after):
        same = one is not None and other is not None and _text(one) == _text(other)
        shown += _pending(other) and not (same and _pending(one))
        changed += _pending(one) and not same
    return Stability(shown, changed)


def _pending(word: Word | None) -> bool:
    return word is not None and not word.word_is_final


def _text(word: Word) -> str:
    return word.text.strip(PUNCTUATION).casefold()
