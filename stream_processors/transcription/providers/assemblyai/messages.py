"""AssemblyAI's messages as they are on the wire, as far as we use them. Pure.

Source: AssemblyAI's streaming API (v3) description and its Python SDK. Word times are whole milliseconds since the socket's
first sample.
"""

import msgspec

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


class Ignored(msgspec.Struct, frozen=True):
    """A message that says nothing we need."""


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


class _Kind(msgspec.Struct, frozen=True):
    type: str


def decode(text: str) -> Message | None:
    """A message, None for a type this was not written for; raises msgspec.DecodeError for what is no message."""
    wanted = TYPES.get(msgspec.json.decode(text, type=_Kind).type)
    return msgspec.json.decode(text, type=wanted) if wanted else None
