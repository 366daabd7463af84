"""A dead letter is the raw record and where it came from."""

from schemas.dead_letter import RawRecord, dead_letter
from schemas.errors import InvalidRecord


def test_a_dead_letter_keeps_bytes_key_and_headers() -> None:
    """Nothing of the poison is lost, and the origin is added."""
    record = RawRecord("audio.frames", 3, 42, b"bot_1", b"\x07poison", (("tenant_id", b"t"),))
    letter = dead_letter(
        record, stage="transcribe", error=InvalidRecord("magic", error_class="bad_magic"), failed_at_us=5
    )
    assert (letter.topic, letter.key, letter.value) == ("audio.frames.dlq", b"bot_1", b"\x07poison")
    headers = dict(letter.headers)
    assert headers["tenant_id"] == b"t"
    assert (headers["origin_topic"], headers["origin_partition"], headers["origin_offset"]) == (
        b"audio.frames",
        b"3",
        b"42",
    )
    assert (headers["stage"], headers["error_class"], headers["error"]) == (b"transcribe", b"bad_magic", b"magic")
