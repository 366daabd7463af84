"""The timeline of one stream: what the media clock of a browser does, and what is made of it."""

import pytest

from producers.bot.framing import Explanation, Framer, Span
from producers.browser.frames import PageFrame
from schemas.timebase import BYTES_PER_UNIT, UNIT_US
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.synthetic_page import SyntheticPage, sound

MS = 1000


def pushed(framer: Framer, *frames: PageFrame) -> list[Span]:
    return [span for frame in frames for span in framer.push(frame)]


def holes(spans: list[Span]) -> list[tuple[int, int, str | None]]:
    """(seq, units, cause) of what is not sound."""
    found = (ChunkKind.GAP, ChunkKind.ABSENT)
    return [(span.seq, span.units, span.cause or span.kind) for span in spans if span.kind in found]


@pytest.fixture
def page() -> SyntheticPage:
    return SyntheticPage()


@pytest.fixture
def framer() -> Framer:
    return Framer()


def test_steady_frames_are_units_from_zero_on(page: SyntheticPage, framer: Framer) -> None:
    """Each frame is one unit; the epoch's zero is the wall clock of the first."""
    first = page.frame()
    spans = pushed(framer, first, *page.run(9))
    assert [span.seq for span in spans] == list(range(10))
    assert {span.epoch_started_at_us for span in spans} == {first.wall_us}
    assert all(span.kind is ChunkKind.AUDIO and len(span.pcm) == BYTES_PER_UNIT for span in spans)
    assert spans[3].captured_at_us == first.wall_us + 3 * UNIT_US


def test_zeros_and_a_decoders_last_bit_are_silence(page: SyntheticPage, framer: Framer) -> None:
    """A muted microphone comes out of the decoder as 0 and ±1: silence, without bytes; ±2 is sound."""
    spans = pushed(framer, *(page.frame(value=value) for value in (0, 1, -1, 2, -2)))
    assert [span.kind for span in spans] == [ChunkKind.SILENCE] * 3 + [ChunkKind.AUDIO] * 2
    assert spans[0].pcm == b""


def test_a_frame_cut_short_is_a_whole_unit(page: SyntheticPage, framer: Framer) -> None:
    """The page flushes half a frame at a jump; its sound is kept and the unit is filled up with zeros."""
    (span,) = pushed(framer, page.frame(value=9, samples=480))
    assert span.pcm == sound(9, 480) + sound(0, 480)


@pytest.mark.parametrize("late_ms", [6, 16, 39])
def test_small_lateness_is_no_hole(page: SyntheticPage, framer: Framer, late_ms: int) -> None:
    """Frames that come in pairs, one late and one in time, are contiguous, and nothing waits."""
    for at in range(40):
        (span,) = framer.push(page.frame(late_us=late_ms * MS * (at % 2)))
        assert span.seq == at


def test_late_frames_that_catch_up_are_no_hole(page: SyntheticPage, framer: Framer) -> None:
    """Two frames 60 ms late and the rest in time: everything comes out, nothing is declared."""
    pushed(framer, *page.run(50))
    late = [page.frame(late_us=60 * MS), page.frame(late_us=55 * MS)]
    assert pushed(framer, *late) == []
    spans = pushed(framer, *page.run(3))
    assert [span.seq for span in spans] == [50, 51, 52, 53, 54]
    assert holes(spans) == []


@pytest.mark.parametrize(("length_ms", "units"), [(60, 3), (100, 5), (150, 8), (9_099, 455)])
def test_a_hole_is_declared_where_it_is_and_as_long_as_it_is(
    page: SyntheticPage, framer: Framer, length_ms: int, units: int
) -> None:
    """Missing time is one gap before the frames that follow it, and seq goes on behind it."""
    pushed(framer, *page.run(50))
    page.hole(length_ms * MS)
    spans = pushed(framer, *page.run(40))
    assert holes(spans) == [(50, units, GapCause.CAPTURE_STALL)]
    assert [span.seq for span in spans[1:]] == list(range(50 + units, 50 + units + 40))


def test_a_freeze_that_is_caught_up_loses_nothing(page: SyntheticPage, framer: Framer) -> None:
    """Four seconds of standing still, then every frame of them in a burst: no hole, and no new epoch."""
    pushed(framer, *page.run(50))
    spans = pushed(framer, *page.frozen(4_000 * MS), *page.run(50))
    assert holes(spans) == []
    assert [span.seq for span in spans] == list(range(50, 300))
    assert framer.epoch == 0


def test_of_a_freeze_only_what_is_not_caught_up_is_missing(page: SyntheticPage, framer: Framer) -> None:
    """As measured: 4 s frozen, 2.8 s of them delivered late, 1.2 s gone."""
    pushed(framer, *page.run(50))
    page.hole(1_200 * MS)
    spans = pushed(framer, *page.frozen(2_800 * MS), *page.run(50))
    assert holes(spans) == [(50, 60, GapCause.CAPTURE_STALL)]


@pytest.mark.parametrize("ahead_ms", [700, 11_000])
def test_another_zero_at_the_start_is_no_break(page: SyntheticPage, framer: Framer, ahead_ms: int) -> None:
    """The first blocks carry another epoch of the clock and then jump back: seq goes on contiguously."""
    page.shift_us = ahead_ms * MS
    spans = pushed(framer, *page.run(4))
    page.shift_us = 0
    spans += pushed(framer, *page.run(60))
    assert [span.seq for span in spans] == list(range(64))
    assert framer.epoch == 0


def test_a_late_jump_back_is_a_new_epoch(page: SyntheticPage, framer: Framer) -> None:
    """Capture started anew: seq begins at 0 again under a new wall clock zero."""
    pushed(framer, *page.run(100))
    page.shift_us = -3_000 * MS
    frame = page.frame()
    (span,) = framer.push(frame)
    assert (span.epoch, span.seq, span.epoch_started_at_us) == (1, 0, frame.wall_us)


def test_a_new_zero_ahead_is_not_missing_time(page: SyntheticPage, framer: Framer) -> None:
    """The media clock jumps 8 s while the wall clock goes on steadily: nothing was lost."""
    pushed(framer, *page.run(100))
    page.shift_us = 8_000 * MS
    spans = pushed(framer, *page.run(60))
    assert holes(spans) == []
    assert [span.seq for span in spans] == list(range(100, 160))


def test_absence_is_as_long_as_the_wall_says_though_the_clock_starts_on_another_zero(
    page: SyntheticPage, framer: Framer
) -> None:
    """Somebody unpublishes for 3 s; the first frames after that are stamped 11 s too far ahead."""
    pushed(framer, *page.run(100))
    framer.explain(Explanation(page.wall_us, ChunkKind.ABSENT, None))
    page.hole(3_000 * MS)
    page.shift_us = 11_000 * MS
    spans = pushed(framer, *page.run(4))
    page.shift_us = 0
    spans += pushed(framer, *page.run(60))
    assert holes(spans) == [(100, 150, "absent")]
    assert framer.epoch == 0


def test_an_explanation_is_for_its_own_moment_only(page: SyntheticPage, framer: Framer) -> None:
    """What explained a hole long ago does not explain the next one."""
    pushed(framer, *page.run(50))
    framer.explain(Explanation(page.wall_us, ChunkKind.GAP, GapCause.AUDIO_SERVICE_DEATH))
    page.hole(2_000 * MS)
    spans = pushed(framer, *page.run(100))
    page.hole(400 * MS)
    spans += pushed(framer, *page.run(50))
    assert [cause for _, _, cause in holes(spans)] == [GapCause.AUDIO_SERVICE_DEATH, GapCause.CAPTURE_STALL]


def test_a_slow_clock_is_followed_and_never_declared(page: SyntheticPage, framer: Framer) -> None:
    """500 ppm for ten minutes: 300 ms in all, and not one unit of gap."""
    spans = []
    for _ in range(30_000):
        page.shift_us += 10
        spans += framer.push(page.frame())
    assert holes(spans) == []
    assert len(spans) == 30_000


def test_a_frame_lost_between_page_and_bot_is_a_gap_of_unknown_cause(page: SyntheticPage, framer: Framer) -> None:
    """The page's own count has a jump and media time shows it: a declared gap, whatever its size."""
    pushed(framer, *page.run(10))
    page.frame()
    spans = framer.push(page.frame(), lost=1)
    assert holes(spans) == [(10, 1, GapCause.UNKNOWN)]
    assert spans[-1].seq == 11


def test_a_count_that_jumps_without_the_clock_moves_no_sound(page: SyntheticPage, framer: Framer) -> None:
    """Where media time shows no hole there is none to declare; the ledger's count still tells."""
    pushed(framer, *page.run(10))
    assert holes(framer.push(page.frame(), lost=3)) == []


def test_frames_that_wait_are_settled_when_nobody_follows(page: SyntheticPage, framer: Framer) -> None:
    """A stream that stops right after a hole still gets its last frames out."""
    pushed(framer, *page.run(10))
    page.hole(1_000 * MS)
    last = page.frame()
    assert framer.push(last) == []
    assert framer.settle(last.wall_us + 200 * MS) == []
    assert holes(framer.settle(last.wall_us + 301 * MS)) == [(10, 50, GapCause.CAPTURE_STALL)]


def test_closing_declares_what_is_missing_until_then(page: SyntheticPage, framer: Framer) -> None:
    """A renderer that died 2 s ago: the epoch ends with that gap, and the next frame begins another epoch."""
    pushed(framer, *page.run(10))
    framer.explain(Explanation(page.wall_us, ChunkKind.GAP, GapCause.RENDERER_CRASH))
    assert holes(framer.close(page.wall_us + 2_000 * MS)) == [(10, 100, GapCause.RENDERER_CRASH)]
    assert framer.close() == []
    (span,) = framer.push(page.frame())
    assert (span.epoch, span.seq) == (1, 0)
