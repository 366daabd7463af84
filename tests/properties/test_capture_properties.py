"""Capture: whatever the clocks do, units tile, nothing is doubled, and the account closes."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from producers.bot.chunking import Chunker, longest
from producers.bot.framing import Framer, Span
from producers.browser.frames import PageFrame, decode_frames, encode_frame
from schemas.timebase import UNIT_US
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.synthetic_bot import SyntheticBot, capture_closes, verified
from tests.fakes.synthetic_page import STARTED_AT_US, SyntheticPage

MS = 1000

run = st.tuples(st.just("run"), st.integers(1, 60))
late = st.tuples(st.just("late"), st.lists(st.integers(0, 400 * MS), min_size=1, max_size=20))
hole = st.tuples(st.just("hole"), st.integers(0, 12_000 * MS))
frozen = st.tuples(st.just("frozen"), st.integers(1, 3_000 * MS))
shift = st.tuples(st.just("shift"), st.integers(-11_000 * MS, 11_000 * MS))
short = st.tuples(st.just("short"), st.integers(1, 960))
silent = st.tuples(st.just("silent"), st.integers(1, 30))
clocks = st.lists(st.one_of(run, late, hole, frozen, shift, short, silent), max_size=25)


def played(page: SyntheticPage, script: list[tuple[str, object]]) -> list[PageFrame]:
    """The frames of a page whose clocks do what the script says."""
    frames: list[PageFrame] = []
    for action, how in script:
        match action, how:
            case "run", int(count):
                frames += page.run(count)
            case "late", [*lateness]:
                frames += [page.frame(late_us=late_us) for late_us in lateness]
            case "hole", int(length_us):
                page.hole(length_us)
            case "frozen", int(length_us):
                frames += page.frozen(length_us)
            case "shift", int(by_us):
                page.shift_us = by_us
            case "short", int(samples):
                frames.append(page.frame(samples=samples))
            case "silent", int(count):
                frames += [page.frame(value=0) for _ in range(count)]
    return frames


def assert_tiled(spans: list[Span]) -> None:
    """Per epoch from 0 on without holes or overlaps; epochs in order, each with one zero."""
    expected: dict[int, int] = defaultdict(int)
    zeros: dict[int, int] = {}
    assert [span.epoch for span in spans] == sorted(span.epoch for span in spans)
    for span in spans:
        assert span.seq == expected[span.epoch]
        assert span.units > 0
        expected[span.epoch] += span.units
        assert zeros.setdefault(span.epoch, span.epoch_started_at_us) == span.epoch_started_at_us


@given(clocks)
def test_every_frame_is_one_unit_in_order_and_units_tile(script: list[tuple[str, object]]) -> None:
    """Any jitter, stalls, freezes, jumps: every frame is exactly one unit, in its order; the rest is declared."""
    framer = Framer()
    frames = played(SyntheticPage(), script)
    spans = [span for frame in frames for span in framer.push(frame)] + framer.close()
    assert_tiled(spans)
    heard = [span for span in spans if span.kind in (ChunkKind.AUDIO, ChunkKind.SILENCE)]
    assert [span.captured_at_us for span in heard] == [frame.wall_us for frame in frames]
    assert all(span.units == 1 for span in heard)
    assert all(span.pcm.startswith(frame.pcm) for span, frame in zip(heard, frames, strict=True) if span.pcm)


@given(st.lists(st.tuples(st.integers(30, 200), st.integers(60 * MS, 12_000 * MS)), max_size=8))
def test_what_is_declared_missing_is_what_was_missing(script: list[tuple[int, int]]) -> None:
    """With clocks that tell the truth, the timeline never strays from it by more than a unit, however many holes there are."""
    framer, page = Framer(), SyntheticPage()
    started_us = page.media_us
    spans = []
    for count, hole_us in script:
        spans += [span for frame in page.run(count) for span in framer.push(frame)]
        page.hole(hole_us)
    true_frames = list(page.run(60))
    spans += [span for frame in true_frames for span in framer.push(frame)] + framer.close()
    last_true_us = page.media_us - UNIT_US - started_us
    assert abs(spans[-1].seq * UNIT_US - last_true_us) <= UNIT_US
    assert {span.epoch for span in spans} == {0}
    assert {span.cause for span in spans if span.kind is ChunkKind.GAP} <= {GapCause.CAPTURE_STALL}


def test_what_holes_are_rounded_by_does_not_add_up() -> None:
    """Each hole is declared in whole units; what is left over counts with the next one, or an hour of holes is seconds off."""
    framer, page = Framer(), SyntheticPage()
    started_us = page.media_us
    for _ in range(40):
        for frame in page.run(60):
            framer.push(frame)
        page.hole(69 * MS)
    spans = [span for frame in page.run(60) for span in framer.push(frame)] + framer.close()
    assert abs(spans[-1].seq * UNIT_US - (page.media_us - UNIT_US - started_us)) <= UNIT_US


@given(clocks)
def test_chunks_hold_what_the_spans_held_and_no_more(script: list[tuple[str, object]]) -> None:
    """Chunking loses nothing, joins only what is alike, and keeps to the lengths."""
    framer, chunker = Framer(), Chunker()
    spans = [span for frame in played(SyntheticPage(), script) for span in framer.push(frame)] + framer.close()
    chunks = [chunk for span in spans for chunk in chunker.push(span, "p")] + chunker.flush()
    assert_tiled([chunk.span for chunk in chunks])
    assert b"".join(chunk.span.pcm for chunk in chunks) == b"".join(span.pcm for span in spans)
    for kind in ChunkKind:
        of_kind = [chunk.span.units for chunk in chunks if chunk.span.kind is kind]
        assert sum(of_kind) == sum(span.units for span in spans if span.kind is kind)
        assert all(units <= longest(kind) for units in of_kind)


@given(clocks, clocks, st.sampled_from([GapCause.RENDERER_CRASH, GapCause.BROWSER_CRASH, GapCause.NETWORK]))
def test_the_account_closes_over_a_crash(
    before: list[tuple[str, object]], after: list[tuple[str, object]], cause: GapCause
) -> None:
    """Two pages with whatever clocks, a crash between them: heard = delivered + declared."""
    bot, page = SyntheticBot(), SyntheticPage()
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, STARTED_AT_US)
    bot.hear(played(page, before))
    bot.take(bot.meeting.crashed(cause, page.wall_us))
    again = SyntheticPage(wall_us=page.wall_us + 1_500 * MS)
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, again.wall_us)
    bot.hear(played(again, after))
    account = verified(bot.end(again.wall_us), bot.topic)
    assert capture_closes(account)
    assert account.frames.captured == page.frames + again.frames


@given(clocks, st.data())
def test_any_frame_dropped_on_the_way_opens_the_account(script: list[tuple[str, object]], data: st.DataObject) -> None:
    """Negative control: no clock can hide that a frame the page made did not arrive."""
    bot, page = SyntheticBot(), SyntheticPage()
    bot.join({"janus:ann": "Ann"}, {"0/0": "ann"}, STARTED_AT_US)
    frames = [*played(page, script), *page.run(2)]
    dropped = data.draw(st.integers(0, len(frames) - 2))
    bot.hear([*frames[:dropped], *frames[dropped + 1 :]])
    assert not capture_closes(verified(bot.end(page.wall_us), bot.topic))


@given(
    st.lists(
        st.builds(
            PageFrame,
            slot_number=st.integers(0, 65_535),
            index=st.integers(0, 2**32 - 1),
            media_us=st.integers(-(2**63), 2**63 - 1),
            wall_us=st.integers(-(2**63), 2**63 - 1),
            pcm=st.integers(1, 960).map(lambda samples: b"\1\2" * samples),
        ),
        max_size=5,
    )
)
def test_frames_survive_the_wire(frames: list[PageFrame]) -> None:
    """What the page packs, the bot unpacks."""
    assert decode_frames(b"".join(map(encode_frame, frames))) == frames
