"""Chunks: what they may hold together and how long they may be."""

import pytest

from producers.bot.chunking import Chunk, Chunker, level_dbfs
from producers.bot.framing import Span
from schemas.timebase import UNIT_US
from schemas.vocabulary import ChunkKind, GapCause
from tests.fakes.synthetic_page import sound

T0 = 1_795_000_000_000_000


def span(
    seq: int,
    kind: ChunkKind = ChunkKind.AUDIO,
    *,
    units: int = 1,
    epoch: int = 0,
    cause: GapCause | None = None,
) -> Span:
    pcm = sound(100) if kind is ChunkKind.AUDIO else b""
    return Span(epoch, T0, seq, units, kind, cause, pcm, T0 + seq * UNIT_US)


def shape(chunks: list[Chunk]) -> list[tuple[str, int, int]]:
    return [(str(chunk.span.kind), chunk.span.seq, chunk.span.units) for chunk in chunks]


def test_five_units_of_sound_are_a_chunk() -> None:
    """100 ms: nobody waits longer for sound; the chunk carries all its samples and the first one's time."""
    chunker = Chunker()
    chunks = [chunk for seq in range(10) for chunk in chunker.push(span(seq), "p")]
    assert shape(chunks) == [("audio", 0, 5), ("audio", 5, 5)]
    assert chunks[0].span.pcm == sound(100) * 5
    assert chunks[1].span.captured_at_us == T0 + 5 * UNIT_US


def test_a_chunk_ends_where_the_kind_changes() -> None:
    """Sound, silence, sound: three chunks, however short."""
    chunker = Chunker()
    spans = [span(0), span(1), span(2, ChunkKind.SILENCE), span(3)]
    chunks = [chunk for one in spans for chunk in chunker.push(one, "p")]
    assert shape(chunks + chunker.flush()) == [("audio", 0, 2), ("silence", 2, 1), ("audio", 3, 1)]


@pytest.mark.parametrize(
    ("second", "speaker"),
    [
        (span(1, epoch=1), "p"),
        (span(1), "q"),
        (span(1), None),
    ],
    ids=["epoch", "speaker", "unknown speaker"],
)
def test_a_chunk_never_spans_a_change(second: Span, speaker: str | None) -> None:
    """Epoch and speaker end a chunk too."""
    chunker = Chunker()
    chunker.push(span(0), "p")
    assert len(chunker.push(second, speaker)) == 1


def test_gaps_of_two_causes_are_two_chunks() -> None:
    """A cause is part of what a gap says."""
    chunker = Chunker()
    chunker.push(span(0, ChunkKind.GAP, units=2, cause=GapCause.NETWORK), "p")
    chunks = chunker.push(span(2, ChunkKind.GAP, units=2, cause=GapCause.CAPTURE_STALL), "p")
    assert [chunk.span.cause for chunk in chunks + chunker.flush()] == [GapCause.NETWORK, GapCause.CAPTURE_STALL]


def test_a_long_hole_comes_in_pieces_of_a_second() -> None:
    """At most 50 units a record, each with its own time."""
    chunker = Chunker()
    chunks = chunker.push(span(7, ChunkKind.ABSENT, units=120), "p") + chunker.flush()
    assert shape(chunks) == [("absent", 7, 50), ("absent", 57, 50), ("absent", 107, 20)]
    assert chunks[1].span.captured_at_us == T0 + 57 * UNIT_US


def test_what_waits_too_long_is_let_go() -> None:
    """The tail of a stream that stops is not kept back."""
    chunker = Chunker()
    chunker.push(span(0), "p")
    assert chunker.flush_older(T0) == []
    assert shape(chunker.flush_older(T0 + 1)) == [("audio", 0, 1)]
    assert chunker.flush() == []


def test_level_is_rms_against_full_scale() -> None:
    """Half of full scale is -6.02 dB; nothing and digital silence have no level."""
    assert level_dbfs(sound(16384)) == -6.02
    assert level_dbfs(sound(0)) is None
    assert level_dbfs(b"") is None
