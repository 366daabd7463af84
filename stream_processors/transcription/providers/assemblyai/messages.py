"""AssemblyAI's messages as they are on the wire, as far as we use them. Pure.

Source: AssemblyAI's streaming API (v3) description and its Python SDK. Word times are whole milliseconds since the socket's
first sample.
"""

import msgspec

from stream_processors.transcription.providers.typed_message import Ignored, decode_as

FORCE_ENDPOINT = '{"type":"ForceEndpoint"}'
TERMINATE = '{"type":"Terminate"}'


class Word(msgspec.Struct, frozen=True):
    """`word_is_final` words of an open turn are the beginning of it, and do not change until the turn is formatted."""

    text: str
    start: int
    end: int
    confidence: float | None = None
    word_is_final: bool = False


class Turn(msgspec.Struct, frozen=True):
    """All of a turn so far."""

    turn_order: int
    end_of_turn: bool
    turn_is_formatted: bool = False
    words: tuple[Word, ...] = ()
    language_code: str | None = None


class Termination(msgspec.Struct, frozen=True):
    """Everything was said; the socket is closed next."""


class Error(msgspec.Struct, frozen=True):
    """The socket is closed next, with `error_code`."""

    error: str = ""
    error_code: int | None = None


Message = Turn | Termination | Error | Ignored
TYPES: dict[str, type[Turn | Termination | Error | Ignored]] = {
    "Turn": Turn,
    "Termination": Termination,
    "Error": Error,
    "Begin": Ignored,
    "SpeechStarted": Ignored,
    "Heartbeat": Ignored,
    "Silence": Ignored,
    "SpeakerRevision": Ignored,
    "Warning": Ignored,
}


def decode(text: str) -> Message | None:
    """A message, None for a type this was not written for; raises msgspec.DecodeError for what is no message."""
    return decode_as(TYPES, text)
