"""The sequencer, whatever order, doubling and loss: the right units once, the right gaps, the right counts."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from schemas.timebase import BYTES_PER_UNIT
from schemas.vocabulary import ChunkKind, GapCause
from stream_processors.sequencing.sequencer import Run, Sequencer
from stream_processors.sequencing.span import Span
from tests.fakes.audio_records import numbered

KINDS = (ChunkKind.AUDIO, ChunkKind.SILENCE, ChunkKind.ABSENT, ChunkKind.GAP)
WINDOW = 100
JITTER = 15


@dataclass(frozen=True)
class Arrivals:
    """What was sent, which of it was lost, and what came in which order."""

    sent: list[Span]
    lost: set[int]
    came: list[Span]


def made(seq: int, units: int, kind: ChunkKind) -> Span:
    pcm = numbered(seq, units) if kind is ChunkKind.AUDIO else b""
    return Span(seq, units, kind, GapCause.NETWORK if kind is ChunkKind.GAP else None, pcm)


@st.composite
def arrivals(draw: st.DrawFn, jitter: int = JITTER) -> Arrivals:
    """Chunks of 1 to 5 units that tile the stream; none comes more than `jitter` chunks out of its place."""
    shapes = draw(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(KINDS)), min_size=1, max_size=60))
    sent: list[Span] = []
    for units, kind in shapes:
        sent.append(made(sent[-1].end_seq if sent else 0, units, kind))
    indexes = range(len(sent))
    lost = draw(st.sets(st.sampled_from(indexes)))
    doubled = draw(st.sets(st.sampled_from(indexes)))
    copies = [i for i in indexes if i not in lost for _ in range(2 if i in doubled else 1)]
    order = sorted(copies, key=lambda i: i + draw(st.integers(0, jitter)))
    return Arrivals(sent, lost, [sent[i] for i in order])


def units_of(spans: list[Span]) -> list[tuple[int, str, bytes]]:
    """One entry a unit: its number, what it is, its samples."""
    return [
        (unit.seq, "undeclared" if unit.undeclared else str(unit.kind), unit.pcm)
        for span in spans
        for unit in (span.part(seq, seq + 1) for seq in range(span.seq, span.end_seq))
    ]


def length(runs: list[Run]) -> int:
    return sum(run.end_seq - run.seq for run in runs)


@given(arrivals())
def test_any_order_doubling_and_loss_within_the_window(case: Arrivals) -> None:
    """Every unit that came is there once, in order; every hole is an undeclared gap; doubles are counted."""
    sequencer = Sequencer(first_seq=0, window_units=WINDOW)
    results = [sequencer.accept(span) for span in case.came]
    ordered = [span for result in results for span in result.ordered] + list(sequencer.flush())
    last = max((span.end_seq for span in case.came), default=0)
    expected = [
        unit if i not in case.lost else (unit[0], "undeclared", b"")
        for i, span in enumerate(case.sent)
        for unit in units_of([span])
        if unit[0] < last
    ]
    assert units_of(ordered) == expected
    came = sum(span.units for span in case.came)
    fresh = sum(span.units for i, span in enumerate(case.sent) if i not in case.lost)
    assert length([run for result in results for run in result.duplicate]) == came - fresh
    assert not [run for result in results for run in result.late]


@given(arrivals(jitter=60), st.integers(1, 40))
def test_outside_the_window_every_unit_is_still_counted_once(case: Arrivals, window: int) -> None:
    """Ordered, duplicate or late: one of them for every unit that came; what is ordered has no hole and no overlap."""
    sequencer = Sequencer(first_seq=0, window_units=window)
    results = [sequencer.accept(span) for span in case.came]
    ordered = [span for result in results for span in result.ordered] + list(sequencer.flush())
    seqs = [seq for seq, _, _ in units_of(ordered)]
    assert seqs == list(range(len(seqs)))
    heard = sum(span.units for span in ordered if not span.undeclared)
    aside = length([run for result in results for run in (*result.duplicate, *result.late)])
    assert heard + aside == sum(span.units for span in case.came)


def test_a_window_that_is_too_short_shows() -> None:
    """Negative control: with a window of 5 units the same reordering gives up what was only late."""
    came = [made(seq, 5, ChunkKind.AUDIO) for seq in (0, 10, 15, 20, 5)]
    patient, hasty = Sequencer(0, window_units=100), Sequencer(0, window_units=5)
    assert not any(span.undeclared for each in came for span in patient.accept(each).ordered)
    results = [hasty.accept(each) for each in came]
    assert [span.seq for result in results for span in result.ordered if span.undeclared] == [5]
    assert results[-1].late == (Run(5, 10),)


def test_samples_stay_with_their_unit() -> None:
    """A chunk that overlaps what is there already gives only its new units, with their own samples."""
    sequencer = Sequencer(0)
    sequencer.accept(made(0, 5, ChunkKind.AUDIO))
    result = sequencer.accept(made(3, 5, ChunkKind.AUDIO))
    assert [span.seq for span in result.ordered] == [5]
    assert result.ordered[0].pcm == numbered(5, 3)
    assert len(result.ordered[0].pcm) == 3 * BYTES_PER_UNIT
    assert result.duplicate == (Run(3, 5),)


def test_a_jump_of_hours_is_one_gap() -> None:
    """A hole is as cheap when it is long."""
    sequencer = Sequencer(0)
    sequencer.accept(made(0, 5, ChunkKind.AUDIO))
    [gap, after] = sequencer.accept(made(1_000_000, 5, ChunkKind.AUDIO)).ordered
    assert (gap.seq, gap.end_seq, gap.undeclared) == (5, 1_000_000, True)
    assert after.seq == 1_000_000


def test_without_a_known_beginning_the_stream_begins_where_it_is_seen() -> None:
    """The first chunk defines the start; an earlier one that comes after it is a duplicate of nothing we hand out."""
    sequencer = Sequencer()
    assert sequencer.accept(made(50, 5, ChunkKind.AUDIO)).ordered[0].seq == 50
    assert sequencer.accept(made(45, 5, ChunkKind.AUDIO)).ordered == ()
    assert sequencer.next_seq == 55
