"""Slots in, streams out: whose a frame is, and what happens when the platform or the browser changes its mind."""

from collections.abc import Iterable

import pytest

from producers.bot.streams import StreamChunk, Streams
from producers.browser.frames import PageFrame
from producers.platforms.interface import Voice
from schemas.vocabulary import Attribution, ChunkKind, GapCause, TrackKind
from tests.fakes.synthetic_page import SyntheticPage

MS = 1000
SLOT = "0/1"


def voice(name: str) -> Voice:
    return Voice(f"{name}/audio", name, TrackKind.MICROPHONE, Attribution.EXACT, 1.0)


ANN, BOB = voice("ann"), voice("bob")


@pytest.fixture
def page() -> SyntheticPage:
    return SyntheticPage()


@pytest.fixture
def streams() -> Streams:
    found = Streams()
    found.open_slot(0, SLOT)
    found.bind(SLOT, ANN)
    return found


def heard(streams: Streams, frames: Iterable[PageFrame]) -> list[StreamChunk]:
    return [chunk for frame in frames for chunk in streams.push(frame)]


def units(chunks: list[StreamChunk], stream_id: str, kind: ChunkKind = ChunkKind.AUDIO) -> int:
    return sum(c.chunk.span.units for c in chunks if c.voice.stream_id == stream_id and c.chunk.span.kind is kind)


def causes(chunks: list[StreamChunk]) -> set[str]:
    return {str(c.chunk.span.cause) for c in chunks if c.chunk.span.kind is ChunkKind.GAP}


def test_another_person_in_the_slot_is_another_stream(page: SyntheticPage, streams: Streams) -> None:
    """Same receiver, same counter of the page: Ann's stream ends, Bob's begins at seq 0 with Bob's own first frame."""
    chunks = heard(streams, page.run(20))
    streams.release(SLOT, page.wall_us)
    page.hole(2_500 * MS)
    streams.bind(SLOT, BOB)
    chunks += heard(streams, page.run(20)) + streams.finish(page.wall_us)
    assert (units(chunks, "ann/audio"), units(chunks, "bob/audio")) == (20, 20)
    bobs = [c.chunk.span for c in chunks if c.voice is BOB]
    assert (bobs[0].seq, bobs[0].epoch) == (0, 0)
    assert streams.frames_captured == {("ann/audio", 0): 20, ("bob/audio", 0): 20}


def test_the_same_person_back_in_the_slot_was_absent(page: SyntheticPage, streams: Streams) -> None:
    """Unpublish and publish again: one stream, one epoch, and the time between is absent, not lost."""
    chunks = heard(streams, page.run(20))
    streams.release(SLOT, page.wall_us)
    page.hole(3_000 * MS)
    streams.bind(SLOT, ANN)
    chunks += heard(streams, page.run(40)) + streams.finish(page.wall_us)
    assert units(chunks, "ann/audio", ChunkKind.ABSENT) == 150
    assert units(chunks, "ann/audio", ChunkKind.GAP) == 0
    assert {c.chunk.span.epoch for c in chunks} == {0}


def test_a_tail_after_the_release_is_still_of_the_one_who_spoke(page: SyntheticPage, streams: Streams) -> None:
    """Signalling overtakes the last blocks of sound; they follow without a break, so they are Ann's."""
    chunks = heard(streams, page.run(5))
    streams.release(SLOT, page.wall_us)
    chunks += heard(streams, page.run(3)) + streams.finish(page.wall_us)
    assert units(chunks, "ann/audio") == 8


def test_sound_before_its_name_waits_for_it(page: SyntheticPage) -> None:
    """Frames overtake the signalling that says whose they are: they wait, and none is lost."""
    streams = Streams()
    streams.open_slot(0, SLOT)
    assert heard(streams, page.run(10)) == []
    streams.bind(SLOT, BOB)
    chunks = heard(streams, page.run(5)) + streams.finish(page.wall_us)
    assert units(chunks, "bob/audio") == 15


def test_sound_that_never_gets_a_name_goes_to_a_stream_of_the_slot(page: SyntheticPage) -> None:
    """Unknown beats wrong: nobody's frames are not given to the last speaker."""
    streams = Streams()
    streams.open_slot(0, SLOT)
    chunks = heard(streams, page.run(60)) + streams.finish(page.wall_us)
    assert units(chunks, f"slot:{SLOT}/audio") == 60
    assert {(c.voice.participant_id, c.voice.attribution) for c in chunks} == {(None, Attribution.NONE)}


def test_held_sound_is_named_by_time_too(page: SyntheticPage) -> None:
    """A few frames without a name and without successors come out when the hold is over."""
    streams = Streams()
    streams.open_slot(0, SLOT)
    heard(streams, page.run(3))
    assert streams.settle(page.wall_us) == []
    assert units(streams.settle(page.wall_us + 600 * MS), f"slot:{SLOT}/audio") == 3


def test_capture_that_comes_back_is_the_next_epoch_after_a_declared_gap(page: SyntheticPage, streams: Streams) -> None:
    """A crash, 1.5 s of nothing, a new page: the gap with its cause ends epoch 0, epoch 1 begins at seq 0."""
    chunks = heard(streams, page.run(20))
    chunks += streams.lose(page.wall_us + 50 * MS, GapCause.RENDERER_CRASH)
    again = SyntheticPage(wall_us=page.wall_us + 1_500 * MS)
    streams.open_slot(0, SLOT)
    streams.bind(SLOT, ANN)
    chunks += heard(streams, again.run(20)) + streams.finish(again.wall_us)
    assert [(c.chunk.span.epoch, c.chunk.span.units) for c in chunks if c.chunk.span.kind is ChunkKind.GAP] == [
        (0, 50),
        (0, 25),
    ]
    assert causes(chunks) == {"renderer_crash"}
    assert streams.frames_captured == {("ann/audio", 0): 20, ("ann/audio", 1): 20}


def test_who_left_while_capture_was_gone_is_lost_until_that_is_known(page: SyntheticPage, streams: Streams) -> None:
    """The gap ends when the new roster shows that Ann has gone."""
    heard(streams, page.run(20))
    streams.lose(page.wall_us, GapCause.BROWSER_CRASH)
    assert units(streams.leave("ann", page.wall_us + 1_000 * MS), "ann/audio", ChunkKind.GAP) == 50
    assert streams.finish(page.wall_us + 9_000 * MS) == []


def test_a_bot_that_ends_without_capture_declares_all_of_it(page: SyntheticPage, streams: Streams) -> None:
    """Capture never came back: the gap reaches to the end."""
    heard(streams, page.run(20))
    streams.lose(page.wall_us, GapCause.NETWORK)
    chunks = streams.finish(page.wall_us + 4_000 * MS)
    assert (units(chunks, "ann/audio", ChunkKind.GAP), causes(chunks)) == (200, {"network"})


def test_a_live_stream_that_fell_silent_at_the_end_is_declared(page: SyntheticPage, streams: Streams) -> None:
    """Sound had died unnoticed 2 s before the end; a stream that rests has nothing missing."""
    heard(streams, page.run(20))
    assert units(streams.finish(page.wall_us + 2_000 * MS), "ann/audio", ChunkKind.GAP) == 100


def test_a_resting_stream_misses_nothing_at_the_end(page: SyntheticPage, streams: Streams) -> None:
    """Somebody left long before the bot did."""
    chunks = heard(streams, page.run(20))
    streams.mute_slot(0, page.wall_us)
    streams.release(SLOT, page.wall_us)
    assert streams.heard_at_us() == {}
    chunks += streams.finish(page.wall_us + 60_000 * MS)
    assert units(chunks, "ann/audio", ChunkKind.GAP) == 0


def test_a_frame_lost_on_the_way_counts_as_captured_and_not_as_delivered(page: SyntheticPage, streams: Streams) -> None:
    """The negative control of the ledger: one frame dropped after capture stays visible for ever."""
    frames = list(page.run(20))
    chunks = heard(streams, [*frames[:7], *frames[8:]]) + streams.finish(page.wall_us)
    assert streams.frames_captured == {("ann/audio", 0): 20}
    assert units(chunks, "ann/audio") == 19
    assert causes(chunks) == {"unknown"}


def test_frames_the_page_made_and_never_sent_count_as_captured(page: SyntheticPage, streams: Streams) -> None:
    """The page's last word is its own count."""
    chunks = heard(streams, page.run(20)) + streams.count(0, 23) + streams.finish(page.wall_us)
    assert streams.frames_captured == {("ann/audio", 0): 23}
    assert units(chunks, "ann/audio") == 20


def test_a_frame_told_twice_is_one(page: SyntheticPage, streams: Streams) -> None:
    """A repeated index is dropped."""
    frames = list(page.run(5))
    chunks = heard(streams, [*frames, *frames]) + streams.finish(page.wall_us)
    assert units(chunks, "ann/audio") == 5


def test_frames_of_a_slot_that_never_opened_are_nobodys(page: SyntheticPage) -> None:
    """They cannot be placed; the page does not send such."""
    assert heard(Streams(), page.run(5)) == []
