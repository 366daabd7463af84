"""What capture.js says to the bot: the layout of its audio frames and the words of its messages. Pure.

A frame, little-endian:

    0   u8   1, the version of this layout
    1   u8   0
    2   u16  slot number, given by `slot_opened`
    4   u32  index of the frame in its slot, dense from 0: the page's own count
    8   i64  media time of its first sample, us; the zero means nothing and may change
    16  i64  wall clock when its first block was read, us since 1970
    24  u16  samples, 960 unless the page had to stop in the middle of a frame
    26  u16  0
    28  samples of PCM, 16 bit signed, mono, 48 kHz

Over the socket a binary message is one frame and a text message is one message in JSON. Through the binding a call
carries either frames one after another in base64, or one message.
"""

import struct
from dataclasses import dataclass

import msgspec

from schemas.errors import InvalidRecord
from schemas.timebase import BYTES_PER_SAMPLE, SAMPLES_PER_UNIT

VERSION = 1
HEADER = struct.Struct("<BBHIqqHH")


@dataclass(frozen=True)
class PageFrame:
    """20 ms of one slot, or less where the page had to stop early."""

    slot_number: int
    index: int
    media_us: int
    wall_us: int
    pcm: bytes


class Hello(msgspec.Struct, frozen=True, tag_field="kind", tag="hello"):
    """The page's way out is open; `transport` is websocket or binding."""

    transport: str


class SlotOpened(msgspec.Struct, frozen=True, tag_field="kind", tag="slot_opened"):
    """A new receiver; its frames carry `number`."""

    number: int
    slot: str


class SlotFormat(msgspec.Struct, frozen=True, tag_field="kind", tag="slot_format"):
    """The sample rate the browser gives; anything but 48 kHz is a fault."""

    number: int
    sample_rate_hz: int


class SlotMuted(msgspec.Struct, frozen=True, tag_field="kind", tag="slot_muted"):
    """The receiver gets nothing any more: the platform stopped forwarding."""

    number: int


class SlotUnmuted(msgspec.Struct, frozen=True, tag_field="kind", tag="slot_unmuted"):
    """The receiver gets media (again)."""

    number: int


class SlotClosed(msgspec.Struct, frozen=True, tag_field="kind", tag="slot_closed"):
    """The receiver has ended after `frames` frames."""

    number: int
    frames: int


class Heartbeat(msgspec.Struct, frozen=True, tag_field="kind", tag="heartbeat"):
    """Capture lives; `main_wall_us` is when the page's main thread last did."""

    wall_us: int
    main_wall_us: int
    frames: dict[str, int]


class SamplesReceived(msgspec.Struct, frozen=True, tag_field="kind", tag="samples_received"):
    """Samples the page's receivers have played so far, and how many of those the browser made up."""

    concealed_samples: int
    received_samples: int


class Signalling(msgspec.Struct, frozen=True, tag_field="kind", tag="signalling"):
    """One text message the page got from its server, verbatim, in order with the media."""

    text: str


class SignallingClosed(msgspec.Struct, frozen=True, tag_field="kind", tag="signalling_closed"):
    """The page's connection to its server has closed."""


class Goodbye(msgspec.Struct, frozen=True, tag_field="kind", tag="goodbye"):
    """The page has stopped capturing: how many frames each slot had, by slot number."""

    frames: dict[str, int]


PageMessage = (
    Hello
    | SlotOpened
    | SlotFormat
    | SlotMuted
    | SlotUnmuted
    | SlotClosed
    | Heartbeat
    | SamplesReceived
    | Signalling
    | SignallingClosed
    | Goodbye
)
_messages: msgspec.json.Decoder[PageMessage] = msgspec.json.Decoder(PageMessage)


def decode_message(text: str) -> PageMessage:
    """Raises InvalidRecord for words that capture.js does not say."""
    try:
        return _messages.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidRecord(f"not a message of the page: {error}", error_class="bad_page_message") from error


def decode_frames(body: bytes) -> list[PageFrame]:
    """The frames in `body`, one after another; raises InvalidRecord for anything else."""
    frames: list[PageFrame] = []
    at = 0
    while at < len(body):
        frame = _decode_frame(body, at)
        frames.append(frame)
        at += HEADER.size + len(frame.pcm)
    return frames


def _decode_frame(body: bytes, at: int) -> PageFrame:
    if len(body) - at < HEADER.size:
        raise InvalidRecord(f"{len(body) - at} bytes are no frame", error_class="bad_page_frame")
    version, _, slot_number, index, media_us, wall_us, samples, _ = HEADER.unpack_from(body, at)
    start = at + HEADER.size
    pcm = body[start : start + samples * BYTES_PER_SAMPLE]
    if version != VERSION or not 0 < samples <= SAMPLES_PER_UNIT or len(pcm) != samples * BYTES_PER_SAMPLE:
        raise InvalidRecord(
            f"frame of version {version} with {samples} samples in {len(pcm)} bytes", error_class="bad_page_frame"
        )
    return PageFrame(slot_number, index, media_us, wall_us, pcm)


def encode_frame(frame: PageFrame) -> bytes:
    """What capture.js does, for tests and synthetic pages."""
    samples = len(frame.pcm) // BYTES_PER_SAMPLE
    header = HEADER.pack(VERSION, 0, frame.slot_number, frame.index, frame.media_us, frame.wall_us, samples, 0)
    return header + frame.pcm
