"""One epoch of one stream as stt.results tells it: which spans were transcribed, which declared not to be. Pure.

The cursors are one chain: each result takes it from where the last one left it. A span no result covers was lost
between the topic and the transcript, however good the words around it look.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.events import ResultEvent
from schemas.ledger import Range
from schemas.timebase import SAMPLE_RATE_HZ, SAMPLES_PER_UNIT
from schemas.vocabulary import ChunkKind, ResultKind, SkipReason

CLAIMS_NO_AUDIO = frozenset({SkipReason.GAP, SkipReason.ABSENT})


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the cursor, in samples; `reason` is none where the span was transcribed."""

    event_id: str
    before: int
    after: int
    reason: SkipReason


@dataclass(frozen=True)
class Chain:
    """What became of an epoch's samples. `misdeclared` were called gap or absent while the topic has their audio."""

    transcribed_samples: int
    skipped_samples: dict[str, int]
    undeclared_samples: int
    misdeclared_samples: int
    holes: int
    overlaps: int


def move_of(result: ResultEvent) -> Move | None:
    """The step a result makes; None for one that leaves the cursor where it is, as partials do."""
    if result.cursor_after_sample == result.cursor_before_sample:
        return None
    reason = result.skip_reason if result.kind is ResultKind.SKIPPED else SkipReason.NONE
    return Move(result.event_id, result.cursor_before_sample, result.cursor_after_sample, reason)


def followed(moves: Iterable[Move], first_seq: int, last_seq: int, ranges: Iterable[Range]) -> Chain:
    """Follow `moves`, in log order, over units [first_seq, last_seq], of which `ranges` lie on the topic."""
    first, end = first_seq * SAMPLES_PER_UNIT, (last_seq + 1) * SAMPLES_PER_UNIT
    audio = [(a * SAMPLES_PER_UNIT, (b + 1) * SAMPLES_PER_UNIT) for label, a, b in ranges if label == ChunkKind.AUDIO]
    spans: Counter[SkipReason] = Counter()
    cursor, holes, overlaps, misdeclared = first, 0, 0, 0
    for move in _once(moves):
        holes += move.before > cursor
        overlaps += first <= move.before < cursor or move.after < move.before
        start, stop = max(move.before, cursor), min(move.after, end)
        if stop > start:
            spans[move.reason] += stop - start
            misdeclared += _shared(audio, start, stop) if move.reason in CLAIMS_NO_AUDIO else 0
        cursor = max(cursor, move.after)
    transcribed = spans.pop(SkipReason.NONE, 0)
    undeclared = max(0, end - first) - transcribed - spans.total()
    return Chain(transcribed, {str(r): n for r, n in spans.items()}, undeclared, misdeclared, holes, overlaps)


def at_least_ms(samples: int) -> int:
    """Samples as milliseconds, rounded up: one lost sample must not round to nothing lost."""
    return -(-samples * 1000 // SAMPLE_RATE_HZ)


def _once(moves: Iterable[Move]) -> Iterable[Move]:
    """Without re-emits: the same event id is the same fact."""
    return {move.event_id: move for move in moves}.values()


def _shared(audio: list[tuple[int, int]], start: int, stop: int) -> int:
    return sum(max(0, min(stop, b) - max(start, a)) for a, b in audio)
