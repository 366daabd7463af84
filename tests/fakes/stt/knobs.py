"""What may be wrong with a fake service. Everything is off until somebody turns it; all may be turned while it runs.

`…_after_bytes`: audio bytes received on one connection; None is never. `times` of -1 is always.
"""

from enum import StrEnum

import msgspec


class Words(StrEnum):
    """Where the words come from."""

    NUMBERS = "numbers"
    SPOKEN = "spoken"
    SCRIPT = "script"
    ENGINE = "engine"


class Reply(StrEnum):
    """Whether a request for finals is answered."""

    ALWAYS = "always"
    WHEN_AUDIO = "when_audio"
    NEVER = "never"


class Knobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One state of the knobs."""

    words: Words = Words.NUMBERS
    script: tuple[tuple[str, int, int], ...] = ()
    api_key: str = ""  # the one accepted; empty: any but none
    latency_ms: int = 0

    faulty_connections: int = -1  # how many of the next connections have the faults below
    drop_after_bytes: int | None = None
    close_after_bytes: int | None = None
    close_code: int = 1011
    close_reason: str = ""
    stall_after_bytes: int | None = None  # open, reading, silent
    slow_read_after_bytes: int | None = None  # open, not reading
    malformed_after_bytes: int | None = None

    handshake_times: int = -1  # how many of the next handshakes have the faults below
    handshake_status: int = 0
    handshake_headers: dict[str, str] = {}
    handshake_stall: bool = False

    duplicate_finals: bool = False
    late_finals: bool = False  # after the next interim, where the vendor may do so
    empty_finals: bool = False  # silence gets a final of its own
    final_shorter_than_partial: bool = True
    finalize_reply: Reply = Reply.WHEN_AUDIO
    words_in_the_past_ms: int = 0
    words_out_of_order: bool = False
    single_precision: bool = False  # seconds as a server gives them that counts in 32 bits

    interim_every_ms: int = 1000
    final_every_ms: int = 3000
    concurrency_cap: int = 0
    concurrency_close_code: int = 3009
    session_max_ms: int = 0
    pace_limit: float = 0.0
    idle_timeout_s: float = 10.0


def turned(knobs: Knobs, changes: bytes) -> Knobs:
    """`knobs` with the JSON object of `changes` applied; raises msgspec.ValidationError that names the wrong knob."""
    asked = msgspec.json.decode(changes, type=dict[str, msgspec.Raw])
    old = msgspec.json.decode(msgspec.json.encode(knobs), type=dict[str, msgspec.Raw])
    return msgspec.json.decode(msgspec.json.encode(old | asked), type=Knobs)


def parsed(settings: tuple[str, ...]) -> Knobs:
    """Knobs from `name=value` of a command line; a value that is no JSON is text."""
    changes = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            changes[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            changes[name] = value
    return turned(Knobs(), msgspec.json.encode(changes))
