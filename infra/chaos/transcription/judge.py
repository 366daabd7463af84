"""What was said against what was heard, word by word. Every speaker says each word once, so nothing can hide. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Voice = tuple[str, str]
Words = Mapping[Voice, Sequence[str]]


@dataclass(frozen=True)
class Verdict:
    """Sums over all voices. `invented` words were heard and never said."""

    words_said: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    invented: int = 0

    @property
    def clean(self) -> bool:
        """Whether what was heard is what was said; nothing said proves nothing."""
        return self.words_said > 0 and not (self.lost or self.doubled or self.reordered or self.invented)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.words_said + other.words_said,
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.reordered + other.reordered,
            self.invented + other.invented,
        )


def judge(said: Words, heard: Words) -> Verdict:
    """Hold every voice's words against what was said; a voice nobody knows invented all of them."""
    return sum((_voice(said.get(voice, ()), heard.get(voice, ())) for voice in {*said, *heard}), Verdict())


def without_word(heard: Words, number: int) -> dict[Voice, list[str]]:
    """The control: the same with one word missing, the `number`-th of all."""
    return _changed(heard, number, 0)


def with_word_twice(heard: Words, number: int) -> dict[Voice, list[str]]:
    """The control: the same with one word said twice, the `number`-th of all."""
    return _changed(heard, number, 2)


def _voice(said: Sequence[str], heard: Sequence[str]) -> Verdict:
    counts = Counter(heard)
    place = {word: at for at, word in enumerate(said)}
    first = [place[word] for word in dict.fromkeys(heard) if word in place]
    return Verdict(
        words_said=len(said),
        lost=sum(1 for word in said if not counts[word]),
        doubled=sum(counts[word] - 1 for word in counts if word in place),
        reordered=sum(later < earlier for earlier, later in pairwise(first)),
        invented=sum(1 for word in heard if word not in place),
    )


def _changed(heard: Words, number: int, times: int) -> dict[Voice, list[str]]:
    changed: dict[Voice, list[str]] = {}
    for voice, words in heard.items():
        within = 0 <= number < len(words)
        changed[voice] = [*words[:number], *[words[number]] * times, *words[number + 1 :]] if within else list(words)
        number -= len(words)
    return changed
