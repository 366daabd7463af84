"""How long things took, and whether media time kept to the wall clock, read off the stamps in the log. Pure.

The wall clock of a sample is its epoch's start plus its place in media time; a word's delay is counted from there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.events import AudioChunk, ResultEvent
from schemas.timebase import UNIT_US, samples_to_us
from schemas.vocabulary import ChunkKind, ResultKind
from sinks.ledger.tiling import Tiling
from sinks.logged import Logged

Turn = tuple[str, int, str, str]
HEARD = frozenset({ChunkKind.AUDIO, ChunkKind.SILENCE})


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a record's first sample reached the bot, and when the broker appended the record."""

    seq: int
    captured_at_us: int
    appended_at_ms: int

    @property
    def delay_ms(self) -> float:
        return self.appended_at_ms - self.captured_at_us / 1000


def stamp_of(logged: Logged[AudioChunk]) -> Stamp | None:
    """The stamps of a record of what was heard; None for gaps and absences, which have no first sample."""
    chunk = logged.record
    return Stamp(chunk.seq, chunk.captured_at_us, logged.appended_at_ms) if chunk.kind in HEARD else None


def wall_us(stamps: Sequence[Stamp]) -> int:
    """Wall clock from the first to the last of `stamps`, which are in the order of media time."""
    return stamps[-1].captured_at_us - stamps[0].captured_at_us if stamps else 0


def clock_deviation(stamps: Sequence[Stamp], tiling: Tiling) -> float | None:
    """|covered media time / wall clock - 1| from the first to the last record heard; None when no time passed."""
    wall = wall_us(stamps)
    if wall <= 0:
        return None
    return abs(tiling.covered(stamps[0].seq, stamps[-1].seq - 1) * UNIT_US / wall - 1)


class Utterances:
    """Delays of words: first partial after its first word began, end of turn after its last word ended."""

    def __init__(self) -> None:
        self.first_partial_ms: list[float] = []
        self.final_ms: list[float] = []
        self._begun: set[Turn] = set()
        self._last_sample: dict[Turn, int] = {}

    def add(self, result: ResultEvent) -> None:
        """The next result in log order."""
        turn = (result.stream_id, result.epoch, result.stt_session_id, result.provider_turn_key)
        if result.words and result.kind is ResultKind.PARTIAL and turn not in self._begun:
            self._begun.add(turn)
            self.first_partial_ms.append(_delay_ms(result, result.words[0].from_sample))
        if result.words and result.kind in (ResultKind.FINAL, ResultKind.END_OF_TURN):
            self._last_sample[turn] = result.words[-1].to_sample
        if result.kind is ResultKind.END_OF_TURN and turn in self._last_sample:
            self.final_ms.append(_delay_ms(result, self._last_sample.pop(turn)))


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Linear between neighbours, in tenths; None of nothing."""
    known = list(values)
    return round(float(np.percentile(known, percent)), 1) if known else None


def _delay_ms(result: ResultEvent, sample: int) -> float:
    return (result.produced_at_us - result.epoch_started_at_us - samples_to_us(sample)) / 1000
