"""Deepgram's messages as they are on the wire, as far as we use them. Pure.

Source: the AsyncAPI description in deepgram/deepgram-api-specs. Times are seconds since the socket's first sample.
"""

import msgspec

from schemas.timebase import SAMPLE_RATE_HZ
from stream_processors.transcription.providers.typed_message import Ignored, decode_as

FINALIZE = '{"type":"Finalize"}'
KEEP_ALIVE = '{"type":"KeepAlive"}'
CLOSE_STREAM = '{"type":"CloseStream"}'


class Word(msgspec.Struct, frozen=True):
    """`punctuated_word` is the word as it is written, when formatting is on."""

    word: str
    start: float
    end: float
    confidence: float | None = None
    punctuated_word: str | None = None
    language: str | None = None


class Alternative(msgspec.Struct, frozen=True):
    """One reading; the first is the best."""

    words: tuple[Word, ...] = ()
    languages: tuple[str, ...] = ()


class Channel(msgspec.Struct, frozen=True):
    """What was heard on the one channel we send."""

    alternatives: tuple[Alternative, ...]


class Metadata(msgspec.Struct, frozen=True):
    """Deepgram's own name for the session."""

    request_id: str = ""


class Results(msgspec.Struct, frozen=True):
    """Words over [start, start + duration)."""

    start: float
    duration: float
    channel: Channel
    is_final: bool = False
    speech_final: bool = False
    metadata: Metadata = Metadata()

    @property
    def best(self) -> Alternative:
        return self.channel.alternatives[0] if self.channel.alternatives else Alternative()

    @property
    def wire_end(self) -> int:
        """The span's end in samples of the socket."""
        return samples(self.start + self.duration)


class UtteranceEnd(msgspec.Struct, frozen=True):
    """Nobody has said a word for `utterance_end_ms`."""


Message = Results | UtteranceEnd | Ignored
TYPES: dict[str, type[Results | UtteranceEnd | Ignored]] = {
    "Results": Results,
    "UtteranceEnd": UtteranceEnd,
    "SpeechStarted": Ignored,
    "Metadata": Ignored,
}


def decode(text: str) -> Message | None:
    """A message, None for a type this was not written for; raises msgspec.DecodeError for what is no message."""
    return decode_as(TYPES, text)


def samples(seconds: float) -> int:
    """To the nearest sample: a double holds a sample's length exactly enough for years."""
    return round(seconds * SAMPLE_RATE_HZ)
