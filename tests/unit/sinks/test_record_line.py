"""One record, one line of JSON."""

import json

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.vocabulary import ChunkKind
from sinks.terminal.line import dead_letter_line, poison_line, record_line
from tests.fakes.heard import Run, heard

FOUND = RawRecord("audio.frames", 3, 41, b"bot_1", b"\x00\x00\x00\x00\x07rest", (("tenant_id", b"default"),))
AT_MS = 1_790_000_000_123


def test_a_record_is_shown_with_its_place_and_without_its_audio():
    """Topic, partition, offset, time and key, then the fields; bytes by their number."""
    chunk = heard([Run(ChunkKind.AUDIO, 2)]).chunks[0]
    shown = json.loads(record_line(FOUND, AT_MS, chunk))
    assert {name: shown[name] for name in ("topic", "partition", "offset", "timestamp", "key")} == {
        "topic": "audio.frames",
        "partition": 3,
        "offset": 41,
        "timestamp": "2026-09-21T14:13:20.123+00:00",
        "key": "bot_1",
    }
    assert shown["record"]["pcm"] == {"bytes": 3840}
    assert shown["record"]["kind"] == "audio"


def test_poison_is_shown_with_its_error_and_its_first_bytes():
    """A record that will never decode still has a line, so a person can see it is there."""
    shown = json.loads(poison_line(FOUND, AT_MS, InvalidRecord("magic byte is 1, not 0", error_class="bad_magic")))
    assert shown["error_class"] == "bad_magic"
    assert shown["value"] == {"bytes": 9, "head_hex": "000000000772657374"}
    assert "record" not in shown


def test_a_dead_letter_is_shown_with_its_headers():
    """Where it came from and why it is here are in the headers; they may hold any bytes."""
    letter = RawRecord("audio.frames.dlq", 0, 0, None, None, (("stage", b"transcribe"), ("error", b"\xff")))
    shown = json.loads(dead_letter_line(letter, AT_MS))
    assert shown["headers"] == {"stage": "transcribe", "error": "�"}
    assert shown["key"] is None
    assert shown["value"] is None


def test_a_line_is_one_line():
    """Line breaks inside a record never break the line."""
    found = RawRecord("audio.frames", 0, 0, b"a\nb", None, ())
    assert "\n" not in dead_letter_line(found, AT_MS)
