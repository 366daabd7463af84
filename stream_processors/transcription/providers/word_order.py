"""A service's words made fit for a span: in order, side by side, inside it, and none from before it. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from stream_processors.transcription.providers.interface import ProviderWord


def in_order(words: Iterable[ProviderWord], from_sample: int, to_sample: int) -> tuple[tuple[ProviderWord, ...], int]:
    """The words that belong to the span, and how many do not.

    A word belongs to it when its midpoint is not before the span: one that lies there was settled before. Words that
    overlap, or reach out of the span, are shortened; each keeps a sample at least.
    """
    given = sorted(words, key=lambda word: (word.from_sample, word.to_sample))
    kept = [word for word in given if (word.from_sample + word.to_sample) // 2 >= from_sample]
    kept = kept[: max(0, to_sample - from_sample)]
    placed: list[ProviderWord] = []
    free_from = from_sample
    for number, word in enumerate(kept):
        latest = to_sample - (len(kept) - 1 - number)
        start = min(max(word.from_sample, free_from), latest - 1)
        free_from = min(max(word.to_sample, start + 1), latest)
        placed.append(replace(word, from_sample=start, to_sample=free_from))
    return tuple(placed), len(given) - len(kept)
