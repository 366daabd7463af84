"""The words of one stream, epoch and label on the results topic: as written, and as whoever reads it takes them."""

from collections.abc import Iterable

from schemas.events import ResultEvent
from schemas.vocabulary import ResultKind

FINALS = (ResultKind.FINAL, ResultKind.END_OF_TURN)


def raw_words(results: Iterable[ResultEvent]) -> list[str]:
    """Every final word on the log, as it was written."""
    return [word.text for result in results if result.kind in FINALS for word in result.words]


def read_words(results: Iterable[ResultEvent]) -> list[str]:
    """The words a reader takes from one stream, epoch and label: those whose midpoint the cursor has not passed."""
    cursor, words = 0, []
    for result in results:
        if result.kind in FINALS:
            words += [w.text for w in result.words if (w.from_sample + w.to_sample) // 2 >= cursor]
        cursor = max(cursor, result.cursor_after_sample)
    return words


def holes(results: Iterable[ResultEvent]) -> list[tuple[int, int]]:
    """Where the cursor of one stream, epoch and label jumps: audio nobody accounts for."""
    cursor, found = 0, []
    for result in results:
        if result.cursor_before_sample > cursor:
            found.append((cursor, result.cursor_before_sample))
        cursor = max(cursor, result.cursor_after_sample)
    return found
