"""Words on a stream's timeline, in samples. Pure.

Which word is new is decided by its midpoint alone: a recogniser that hears the same audio twice moves a word's edges by
more than it moves its middle.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from schemas.events import Word

Words = tuple[Word, ...]


def midpoint(word: Word) -> int:
    return (word.from_sample + word.to_sample) // 2


def span(word: Word) -> tuple[int, int]:
    return (word.from_sample, word.to_sample)


def in_order(words: Iterable[Word]) -> Words:
    """`words` by start; those that share one span, as of a provider without word times, divide it evenly."""
    ordered = sorted((_upright(word) for word in words), key=span)
    return tuple(word for _, group in groupby(ordered, key=span) for word in _divided(list(group)))


def _upright(word: Word) -> Word:
    return word if word.to_sample >= word.from_sample else moved(word, word.from_sample, word.from_sample)


def _divided(sharing: Sequence[Word]) -> list[Word]:
    start, end = span(sharing[0])
    edges = [start + (end - start) * i // len(sharing) for i in range(len(sharing) + 1)]
    return [moved(word, edges[i], edges[i + 1]) for i, word in enumerate(sharing)]


def without_overlap(words: Iterable[Word], after: int) -> Words:
    """`words` with each start pushed to the end of the word before it, the first one's to `after`."""
    pushed: list[Word] = []
    for word in words:
        start = max(word.from_sample, after)
        after = max(word.to_sample, start)
        pushed.append(moved(word, start, after))
    return tuple(pushed)


def moved(word: Word, from_sample: int, to_sample: int) -> Word:
    if span(word) == (from_sample, to_sample):
        return word
    return msgspec.structs.replace(word, from_sample=from_sample, to_sample=to_sample)


def marked(words: Iterable[Word], *, final: bool) -> Words:
    return tuple(w if w.word_is_final == final else msgspec.structs.replace(w, word_is_final=final) for w in words)


def end_of(words: Sequence[Word], otherwise: int) -> int:
    return words[-1].to_sample if words else otherwise
