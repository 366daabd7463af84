"""Quality windows, whatever came: what the last revision of every window says adds up."""

import math

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.events import AudioChunk, QualityWindow
from schemas.vocabulary import ChunkKind, GapCause
from stream_processors.sequencing.quality import Quality
from stream_processors.sequencing.sequencer import Sequencer
from stream_processors.sequencing.span import span_of
from tests.fakes.audio_records import chunk

KINDS = (ChunkKind.AUDIO, ChunkKind.SILENCE, ChunkKind.ABSENT, ChunkKind.GAP)


def watched(chunks: list[AudioChunk], *, delay_ms: int = 120, resumed: bool = False) -> dict[int, QualityWindow]:
    """The last revision of every window once `chunks` came in this order and nothing more did."""
    quality, sequencer = Quality(chunks[0], resumed=resumed), Sequencer()
    published: list[QualityWindow] = []
    for each in chunks:
        quality.arrived(each, each.captured_at_us // 1000 + delay_ms)
        quality.sequenced(sequencer.accept(span_of(each)))
        published += quality.publish(sequencer.next_seq or 0, each.captured_at_us)
    quality.ordered(sequencer.flush())
    published += quality.publish(sequencer.next_seq or 0, 0, all_of_it=True)
    for window in published:
        earlier = [w.revision for w in published if w.window_ms == window.window_ms]
        assert earlier == list(range(len(earlier)))
    return {window.window_ms: window for window in published}


SHAPES = st.lists(st.tuples(st.integers(1, 50), st.sampled_from(KINDS)), min_size=20, max_size=60)


def tiled(shapes: list[tuple[int, ChunkKind]]) -> list[AudioChunk]:
    """Chunks of these lengths and kinds, one after the other."""
    chunks: list[AudioChunk] = []
    for units, kind in shapes:
        seq = chunks[-1].seq + chunks[-1].units if chunks else 0
        chunks.append(chunk(seq, units, kind, cause=GapCause.NETWORK if kind is ChunkKind.GAP else None))
    return chunks


@given(SHAPES, st.sets(st.integers(1, 18), max_size=5))
def test_the_windows_add_up(shapes: list[tuple[int, ChunkKind]], lost: set[int]) -> None:
    """Expected is what the stream is long; received and undeclared make it up; each kind has its own units."""
    chunks = tiled(shapes)
    windows = watched([each for i, each in enumerate(chunks) if i not in lost])
    whole = chunks[-1].seq + chunks[-1].units
    undeclared = sum(w.units_gap.get("undeclared", 0) for w in windows.values())
    assert sum(w.units_expected for w in windows.values()) == whole
    assert sum(w.units_received for w in windows.values()) == whole - undeclared
    assert undeclared == sum(chunks[i].units for i in lost)
    for kind, counted in (
        (ChunkKind.SILENCE, sum(w.units_silence for w in windows.values())),
        (ChunkKind.ABSENT, sum(w.units_absent for w in windows.values())),
        (ChunkKind.GAP, sum(w.units_gap.get("network", 0) for w in windows.values())),
    ):
        assert counted == sum(c.units for i, c in enumerate(chunks) if c.kind is kind and i not in lost)
    assert all(w.units_expected <= 500 for w in windows.values())
    assert sorted(windows) == [10_000 * i for i in range(math.ceil(whole / 500))]


@given(st.integers(0, 99))
def test_a_late_chunk_revises_its_window(place: int) -> None:
    """What comes after its place was given up is late, and the window says so in its next revision."""
    chunks = [chunk(seq) for seq in range(0, 1500, 5)]
    late = chunks[place]
    windows = watched([c for c in chunks if c is not late or place == 0] + [late])
    if place == 0:
        assert windows[0].units_duplicate == 5
    else:
        assert windows[0].units_late == 5
        assert windows[0].units_gap == {"undeclared": 5}
    assert windows[0].revision == 1
    assert windows[20_000].revision == 0


def test_delay_level_and_clipping() -> None:
    """Delay is capture to append; level is RMS over the audio; a unit is clipped when one sample is at full scale."""
    full = (b"\xff\x7f" * 960) + bytes(960 * 2 * 4)
    windows = watched([chunk(0, pcm=full), *[chunk(seq, pcm=bytes(9600)) for seq in range(5, 500, 5)]], delay_ms=80)
    assert windows[0].capture_to_kafka_ms_p50 == 80
    assert windows[0].capture_to_kafka_ms_p99 == 80
    assert windows[0].units_clipped == 1
    assert windows[0].level_dbfs is not None
    assert math.isclose(windows[0].level_dbfs, 10 * math.log10(1 / 500), abs_tol=0.01)


def test_drift_is_the_media_clock_against_the_wall_clock() -> None:
    """A media clock that loses 1 ms in 10 s runs 100 ppm slow."""
    slow = [chunk(seq, kind=ChunkKind.SILENCE) for seq in range(0, 2000, 5)]
    late = [structs.replace(c, captured_at_us=c.captured_at_us + c.seq * 2) for c in slow]
    windows = watched(late)
    assert windows[0].drift_ppm == 0
    assert math.isclose(windows[30_000].drift_ppm, 100, rel_tol=0.01)


def test_a_window_whose_beginning_was_not_seen_is_not_published() -> None:
    """A new owner in the middle of a window leaves it to the owner before; the next one it publishes."""
    windows = watched([chunk(seq) for seq in range(200, 1500, 5)], resumed=True)
    assert sorted(windows) == [10_000, 20_000]
    fresh = watched([chunk(seq) for seq in range(200, 1500, 5)])
    assert fresh[0].units_expected == 300


def test_ids_are_the_same_when_it_is_counted_again() -> None:
    """The same window and revision is the same event."""
    chunks = [chunk(seq) for seq in range(0, 500, 5)]
    assert watched(chunks)[0].event_id == watched(chunks)[0].event_id
