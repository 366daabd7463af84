"""A chunk that contradicts itself is refused with the field that does; every other one becomes a span."""

import msgspec
import pytest

from schemas.errors import InvalidRecord
from schemas.vocabulary import ChunkKind, Encoding
from stream_processors.sequencing.span import span_of
from tests.fakes.audio_records import chunk


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seq": -1}, "seq is -1"),
        ({"units": 0, "pcm": b""}, "units is 0"),
        ({"units": 4}, "pcm has 9600 bytes, but 4 units are 7680"),
        ({"units": 1_000_000}, "units 1 to"),
        ({"kind": ChunkKind.UNKNOWN}, "kind is unknown"),
        ({"kind": ChunkKind.SILENCE}, "kind is silence"),
        ({"sample_rate_hz": 44_100}, "44100 Hz"),
        ({"channels": 2}, "2 channels"),
        ({"encoding": Encoding.UNKNOWN}, "audio is unknown"),
        ({"seq": 10**15}, "after captured_at_us"),
    ],
)
def test_a_chunk_that_contradicts_itself_is_invalid(changes: dict[str, object], named: str) -> None:
    """It will never be right, so it is poison, and the message names the field."""
    with pytest.raises(InvalidRecord, match=named) as caught:
        span_of(msgspec.structs.replace(chunk(0), **changes))
    assert caught.value.error_class == "bad_chunk"


def test_a_chunk_becomes_a_span_with_its_speaker() -> None:
    """Units, kind, samples and who is heard."""
    span = span_of(chunk(50, 2))
    assert (span.seq, span.end_seq, span.from_sample, span.to_sample) == (50, 52, 48_000, 49_920)
    assert span.speaker.participant_id == "janus:1"
    assert span.part(51, 52).pcm == span.pcm[1920:]


def test_no_speech_in_a_log_line() -> None:
    """The samples are left out when a span is printed."""
    assert "pcm" not in repr(span_of(chunk(0)))
