"""The layout of the page's frames and the words of its messages."""

import pytest

from producers.browser.frames import (
    Goodbye,
    Heartbeat,
    PageFrame,
    SlotOpened,
    decode_frames,
    decode_message,
    encode_frame,
)
from schemas.errors import InvalidRecord

FRAME = PageFrame(slot_number=3, index=70_000, media_us=-5, wall_us=0x0102030405060708, pcm=b"\1\2" * 960)


def test_the_layout_byte_by_byte() -> None:
    """What capture.js writes, in the order frames.py documents."""
    header = bytes.fromhex("01000300" + "70110100" + "fbffffffffffffff" + "0807060504030201" + "c0030000")
    assert encode_frame(FRAME)[:28] == header
    assert decode_frames(header + FRAME.pcm) == [FRAME]


def test_a_batch_is_frames_one_after_another() -> None:
    """As the binding sends them, short frames among them."""
    short = PageFrame(3, 70_001, 20_000, 1, b"\0\0" * 480)
    assert decode_frames(encode_frame(FRAME) + encode_frame(short) + encode_frame(FRAME)) == [FRAME, short, FRAME]


@pytest.mark.parametrize(
    "body",
    [
        encode_frame(FRAME)[:20],
        encode_frame(FRAME)[:-1],
        b"\2" + encode_frame(FRAME)[1:],
        encode_frame(PageFrame(0, 0, 0, 0, b"")),
        encode_frame(PageFrame(0, 0, 0, 0, b"\0\0" * 961)),
    ],
    ids=["short header", "short sound", "another version", "no sound", "too much sound"],
)
def test_anything_else_is_refused(body: bytes) -> None:
    """Nothing is guessed from bytes that are not a frame."""
    with pytest.raises(InvalidRecord) as failure:
        decode_frames(body)
    assert failure.value.error_class == "bad_page_frame"


def test_messages_are_told_apart_by_their_kind() -> None:
    """Each kind has its own class."""
    assert decode_message('{"kind":"slot_opened","number":1,"slot":"0/1"}') == SlotOpened(1, "0/1")
    assert decode_message('{"kind":"goodbye","frames":{"0":12}}') == Goodbye({"0": 12})
    beat = '{"kind":"heartbeat","wall_us":5,"main_wall_us":4,"frames":{}}'
    assert decode_message(beat) == Heartbeat(5, 4, {})


@pytest.mark.parametrize("text", ["", "{}", '{"kind":"song"}', '{"kind":"goodbye","frames":[]}', "[1]"])
def test_other_words_are_refused(text: str) -> None:
    """A message the page does not have in its vocabulary."""
    with pytest.raises(InvalidRecord):
        decode_message(text)
