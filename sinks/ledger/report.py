"""The JSON of `earshot verify --json`, as structs: what the demo and other programs may rely on.

Units are 20 ms; a frame is one captured unit. Everything is counted from the log, nothing from a process's memory.
"""

import msgspec


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch's audio: the bot's claim beside what lies on audio.frames.

    - `units` by kind as they lie on the topic, each once; a gap is counted under its cause: `gap.network`.
    - `duplicate_units` lie there again, identical: harmless. `overlap_units` lie there twice and disagree.
    - `hole_units` of [first_seq, last_seq] lie there as nothing at all; `stray_units` lie outside that range.
    - `unaccounted_units`: holes, or captured frames that are neither on the topic nor declared, whichever is more.
    - `clock_deviation`: |covered media time / wall clock - 1| from the first to the last record heard.
    """

    first_seq: int
    last_seq: int
    frames_captured_by_page: int
    units: dict[str, int]
    declared_gap_ms: dict[str, int]
    duplicate_units: int
    overlap_units: int
    hole_units: int
    stray_units: int
    unaccounted_units: int
    malformed_records: int
    counts_ok: bool
    digest_ok: bool
    clock_deviation: float | None
    wall_ms: int


class Transcription(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the audio: transcribed, declared not to be and why, or neither; together all there is.

    - `undeclared_ms` has no result at all. `misdeclared_ms` of the skipped were called gap or absent while the topic
      has their audio.
    - `cursor_holes` and `cursor_overlaps`: how often a result did not take the cursor where the last one left it.
    """

    transcribed_ms: int
    skipped_ms: dict[str, int]
    undeclared_ms: int
    misdeclared_ms: int
    cursor_holes: int
    cursor_overlaps: int


class StreamAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch of one stream, and why its account does not close, if it does not."""

    stream_id: str
    epoch: int
    participant_id: str | None
    capture: Capture
    transcription: Transcription
    reasons: tuple[str, ...]


class Frames(msgspec.Struct, frozen=True, kw_only=True):
    """All streams together. `on_topic` counts audio and silence once. `clock_deviation` is the worst stream's, of those
    at least 10 s long, or of all when none is."""

    captured: int
    on_topic: int
    duplicates: int
    declared_gap_ms: int
    unaccounted: int
    clock_deviation: float | None


class LatencyMs(msgspec.Struct, frozen=True, kw_only=True):
    """Capture: broker's append stamp less the capture of the record's first sample, chunk time included. Words: the
    result's stamp less the wall clock at which its first word began, or its last word ended. Null: nothing to time."""

    capture_to_kafka_p50: float | None
    capture_to_kafka_p99: float | None
    first_partial_p50: float | None
    end_of_speech_to_final_p50: float | None
    end_of_speech_to_final_p95: float | None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account of one bot. It is `closed` when `reasons` is empty: heard = delivered + declared."""

    bot_id: str
    closed: bool
    reasons: tuple[str, ...]
    outcome: str
    transcript_label: str
    unreadable_records: int
    frames: Frames
    transcription: Transcription
    latency_ms: LatencyMs
    streams: tuple[StreamAccount, ...]
