"""What was said against what was heard, word by word: lost, doubled, reordered, invented. Pure.

Every word of a voice is its own (w1, w2, …), so a word that is missing, comes twice or comes early cannot hide behind another.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class WordAccount:
    """Counts of words; adds up over voices."""

    said: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    invented: int = 0

    def __add__(self, other: "WordAccount") -> "WordAccount":
        return WordAccount(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def whole(self) -> bool:
        """Whether every word came, once, in its place, and no other."""
        return not (self.lost or self.doubled or self.reordered or self.invented)


def account(said: Sequence[str], heard: Sequence[str]) -> WordAccount:
    """One voice: `said` has no word twice; `heard` is in the order it was written."""
    place = {word: at for at, word in enumerate(said)}
    counts = Counter(heard)
    first = [place[word] for word in dict.fromkeys(heard) if word in place]
    return WordAccount(
        said=len(said),
        lost=sum(word not in counts for word in said),
        doubled=sum(many - 1 for word, many in counts.items() if word in place),
        reordered=len(first) - _longest_rising(first),
        invented=sum(many for word, many in counts.items() if word not in place),
    )


def _longest_rising(places: Sequence[int]) -> int:
    """Length of the longest part of `places` that is in order: the rest came out of place."""
    tails: list[int] = []
    for place in places:
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(tails)
