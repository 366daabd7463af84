"""How far a label's results cover what a bot heard."""

from schemas.events import Ledger
from schemas.timebase import SAMPLES_PER_UNIT
from schemas.vocabulary import ChunkKind
from stream_processors.transcription.backfill.coverage import Coverage
from tests.fakes.heard import Run, heard, ledger_of

ADA, BOB = ("a", 0), ("b", 1)
SECOND = 50 * SAMPLES_PER_UNIT


def ledger() -> Ledger:
    """Ada for two seconds from the epoch's zero, Bob's second epoch for one from its third second."""
    ada = heard([Run(ChunkKind.AUDIO, 100)], stream_id="a")
    bob = heard([Run(ChunkKind.AUDIO, 50)], stream_id="b", epoch=1, first_seq=100)
    return ledger_of(ada, bob)


def test_nothing_is_covered_before_there_are_results():
    """Everything the ledger names is open, and its length is told."""
    coverage = Coverage(ledger(), {})
    assert coverage.open == {ADA, BOB}
    assert not coverage.done
    assert coverage.audio_ms == 3_000


def test_results_cover_until_all_is_done():
    """K of each stream grows with what Kafka acknowledged, and never goes back."""
    coverage = Coverage(ledger(), {ADA: SECOND})
    coverage.settled(ADA, 2 * SECOND)
    coverage.settled(ADA, SECOND)
    assert coverage.open == {BOB}
    coverage.settled(BOB, 3 * SECOND)
    assert coverage.done


def test_audio_that_is_gone_is_told_in_ms():
    """What lies before the first record that is left, or all of a stream that has none, is missing."""
    coverage = Coverage(ledger(), {})
    assert coverage.gone({ADA: 0, BOB: 2 * SECOND}) == {}
    assert coverage.gone({ADA: SECOND // 2, BOB: 2 * SECOND}) == {ADA: 500}
    assert coverage.gone({ADA: 0}) == {BOB: 1_000}


def test_audio_that_results_cover_may_be_gone():
    """A transcript begun in time can be finished although its beginning has expired."""
    coverage = Coverage(ledger(), {ADA: SECOND, BOB: 3 * SECOND})
    assert coverage.gone({ADA: SECOND}) == {}
    assert coverage.found_all([ADA])
    assert not coverage.found_all([BOB])


def test_a_stream_ends_where_the_ledger_says():
    """Its last chunk, and no one before it, is its end; a stream the ledger does not know has none."""
    coverage = Coverage(ledger(), {})
    assert not coverage.ends(ADA, 2 * SECOND - 1)
    assert coverage.ends(ADA, 2 * SECOND)
    assert not coverage.ends(("c", 0), 10 * SECOND)
    assert not coverage.needs(("c", 0))


def test_an_empty_stream_needs_nothing():
    """An epoch without a unit is covered from the start."""
    empty = heard([Run(ChunkKind.AUDIO, 1)])
    claim = {**{f: getattr(empty.claim, f) for f in empty.claim.__struct_fields__}, "last_seq": -1}
    assert Coverage(Ledger(streams=(type(empty.claim)(**claim),), outcome="done"), {}).done
