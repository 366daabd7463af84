"""The pure pieces of transcription: time map, chain, cursor, audio buffer, frames of the local engine."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import SkipReason, TurnReason
from stream_processors.sequencing.span import Speaker
from stream_processors.transcription.partitions.backpressure import Reading, has_room, is_full, reading
from stream_processors.transcription.partitions.cursor import StreamCursor, committable
from stream_processors.transcription.providers.local.protocol import Frames, Kind, frame
from stream_processors.transcription.sessions.timemap import TimeMap
from stream_processors.transcription.stream.audio_buffer import AudioBuffer
from stream_processors.transcription.stream.chain import LONGEST_SKIP, Chain

UNIT = 960
PREROLL = 3


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500)), min_size=1, max_size=30))
def test_the_time_map_finds_every_sample_back(pieces: list[tuple[int, int]]) -> None:
    """Whatever was left out between the pieces, each sample sent is found where it came from."""
    timeline, at, sent = TimeMap(), 0, []
    for skipped, length in pieces:
        at += skipped
        timeline.sent(at, length)
        sent += list(range(at, at + length))
        at += length
    assert [timeline.start(i) for i in range(len(sent))] == sent
    assert [timeline.end(i + 1) for i in range(len(sent))] == [sample + 1 for sample in sent]
    assert timeline.sent_samples == len(sent)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("skip"), st.integers(1, 400_000)),
        st.tuples(st.just("speak"), st.integers(1, 200_000)),
        st.tuples(st.just("settle"), st.integers(0, 300_000)),
    ),
    max_size=50,
)


@given(STEPS)
def test_the_chain_has_no_hole(steps: list[tuple[str, int]]) -> None:
    """Whatever comes in whatever order, the steps handed out follow on each other and reach to the end."""
    chain, out, end = Chain(0), [], 0
    for what, length in steps:
        if what == "skip":
            end += length
            chain.skip(end, SkipReason.NO_SPEECH, Speaker())
            out += chain.skipped(everything=False)
        elif what == "speak":
            end += length
            chain.begin(Speaker())
            chain.finish(end, TurnReason.ENDPOINT)
        else:
            out += chain.settle(min(end, chain.cursor + length))
    out += chain.settle(end)
    out += chain.skipped(everything=True)
    at = 0
    for step in out:
        assert step.from_sample == at
        assert step.to_sample >= at
        at = step.to_sample
    assert at == end
    assert sum(step.whole and step.piece.skip is None for step in out) == sum(what == "speak" for what, _ in steps)


def test_a_long_skip_is_declared_in_parts() -> None:
    """So that the cursor of a silent stream moves and its offset can be committed."""
    chain = Chain(0)
    chain.skip(LONGEST_SKIP - 1, SkipReason.NO_SPEECH, Speaker())
    assert chain.skipped(everything=False) == []
    chain.skip(LONGEST_SKIP, SkipReason.NO_SPEECH, Speaker())
    assert len(chain.skipped(everything=False)) == 1


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 8)), min_size=1, max_size=60))
def test_what_is_not_acknowledged_is_never_committed(records: list[tuple[int, int]]) -> None:
    """Every record that reaches past K minus the preroll is at or after the committed offset, unless all is settled."""
    cursor, end, ends = StreamCursor(0, PREROLL), 0, []
    for offset, (length, progress) in enumerate(records):
        end += length
        ends.append(end)
        cursor.read(offset, end)
        cursor.acknowledge(min(end, cursor.acknowledged + progress), offset)
        committed = committable(offset + 1, [cursor])
        needed = [i for i, to in enumerate(ends) if to > cursor.acknowledged - PREROLL]
        if cursor.acknowledged >= end:
            assert committed == offset + 1
        else:
            assert committed == needed[0]


def test_a_partition_commits_for_its_slowest() -> None:
    """The smallest need of all streams and of unburied dead letters; a settled stream needs nothing."""
    slow, quick = StreamCursor(0, 0), StreamCursor(0, 0)
    for offset, cursor in enumerate([quick, slow, quick, slow]):
        cursor.read(offset, 100)
    quick.acknowledge(100, 0)
    assert committable(4, [slow, quick]) == 1
    slow.acknowledge(100, 0)
    assert committable(4, [slow, quick]) == 4
    assert committable(4, [slow, quick], {2}) == 2


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20), st.integers(0, 400), st.integers(0, 400))
def test_the_buffer_gives_back_what_it_got(pieces: list[bytes], first: int, length: int) -> None:
    """Any stretch, across pieces, after any trimming that spares it."""
    buffer, whole = AudioBuffer(), b""
    for piece in pieces:
        buffer.append(len(whole) // 2, piece + piece)
        whole += piece + piece
    assert buffer.read(first, first + length) == whole[first * 2 : (first + length) * 2]
    buffer.trim(first)
    assert buffer.read(first, first + length) == whole[first * 2 : (first + length) * 2]


@given(st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=50)), max_size=10), st.integers(1, 20))
def test_frames_come_whole_however_the_bytes_are_cut(sent: list[tuple[Kind, bytes]], step: int) -> None:
    """A socket gives any number of bytes at a time."""
    data = b"".join(frame(kind, body) for kind, body in sent)
    frames = Frames()
    came = [each for at in range(0, len(data), step) for each in frames.feed(data[at : at + step])]
    assert came == sent


@given(st.lists(st.integers(0, 40), max_size=12))
def test_only_the_few_that_are_full_while_all_others_are_well_are_left(unsent: list[int]) -> None:
    """A partition is read whole while nobody is full, and stops where leaving some would not help the rest."""
    limit = 20
    full = [each for each in unsent if is_full(each, limit)]
    match reading(unsent, limit):
        case Reading.ALL:
            assert not full
        case Reading.LEAVE:
            assert 0 < len(full) <= len(unsent) / 2
            assert all(each <= limit / 4 for each in unsent if each not in full)
        case Reading.STOP:
            assert len(full) > len(unsent) / 2 or any(limit / 4 < each <= limit for each in unsent)


@given(st.integers(0, 1_000), st.integers(2, 1_000))
def test_a_stream_that_has_room_is_not_full(unsent: int, limit: int) -> None:
    """Nor the other way round: between the two it stays what it was."""
    assert not (has_room(unsent, limit) and is_full(unsent, limit))
