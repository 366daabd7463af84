"""The demo's report: what was measured, in one shape, and what the figures must reach. Arithmetic only."""

from collections.abc import Iterator, Sequence

import msgspec

MIN_WORDS = 280
MAX_WER_ADDED = 0.05
MAX_CLOCK_DEVIATION = 0.01
MAX_CONCEALED_RATIO = 0.02
MAX_CAPTURE_TO_KAFKA_P99_MS = 250.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What every part of the report is."""


class Speaker(Figures, frozen=True, kw_only=True):
    """One visit of a talker: whoever comes back is a new participant."""

    name: str
    participant_id: str
    words_said: int
    wer: float


class Frames(Figures, frozen=True, kw_only=True):
    """20 ms units, from the ledger. `clock_deviation`: media time against wall clock, the worst stream's.

    None is what could not be measured, and is never good enough.
    """

    captured: int
    on_topic: int
    duplicates: int
    declared_gap_ms: int
    unaccounted: int
    clock_deviation: float | None
    concealed_ratio: float | None


class Words(Figures, frozen=True, kw_only=True):
    """All tracks pooled. `engine_wer`: the same engine fed the recordings themselves."""

    reference: int
    substituted: int
    deleted: int
    inserted: int
    wer: float
    engine_wer: float


class Turns(Figures, frozen=True, kw_only=True):
    """Settled turns in both places."""

    topic: int
    clickhouse: int


class Webhooks(Figures, frozen=True, kw_only=True):
    """What the log says must arrive, and what the receiver wrote down."""

    expected: int
    received: int
    duplicates: int
    out_of_order: int
    bad_signature: int


class Latency(Figures, frozen=True, kw_only=True):
    """Milliseconds; None where the meeting gave nothing to measure."""

    capture_to_kafka_p50: float | None
    capture_to_kafka_p99: float | None
    first_partial_p50: float | None
    end_of_speech_to_final_p50: float | None
    end_of_speech_to_final_p95: float | None


class Seconds(Figures, frozen=True, kw_only=True):
    """Setup ends with the first talker's click, the meeting with the last one's leaving, drain with the last record."""

    setup: float
    meeting: float
    drain: float


class Bot(Figures, frozen=True, kw_only=True):
    """The bot and its browser: cores used on average, and the most memory at once."""

    cpu_core: float | None
    rss_mb_peak: float | None


class Failover(Figures, frozen=True, kw_only=True):
    """The primary provider was killed in the middle of a turn. `wrong_words_in_turn`: edits to what its speaker said."""

    primary: str
    fallback: str
    killed_in_turn: str | None
    words_before_kill: int
    words_in_turn: int
    wrong_words_in_turn: int
    turn_settled_by: str | None
    turns_of_primary: int
    turns_of_fallback: int


class Report(Figures, frozen=True, kw_only=True, omit_defaults=True):
    """One run of the demo."""

    bot_id: str
    speakers: tuple[Speaker, ...]
    frames: Frames
    words: Words
    misattributed_turns: int
    turns: Turns
    webhooks: Webhooks
    latency_ms: Latency
    seconds: Seconds
    bot: Bot
    failover: Failover | None = None


class Verdict(Figures, frozen=True, kw_only=True):
    """Whether the run proves what it must; every reason is a sentence with the figure in it."""

    passed: bool = msgspec.field(name="pass")
    reasons: tuple[str, ...]


def judge(report: Report, *, ledger_reasons: Sequence[str] = (), min_words: int = MIN_WORDS) -> Verdict:
    """Hold the figures against what they must reach; `ledger_reasons` are why `earshot verify` did not close."""
    reasons = (
        *ledger_reasons,
        *_frames(report.frames),
        *_words(report, min_words),
        *_delivery(report),
        *_latency(report.latency_ms),
        *(_failover(report.failover) if report.failover else ()),
    )
    return Verdict(passed=not reasons, reasons=reasons)


def as_json(report: Report, verdict: Verdict) -> bytes:
    """The report's file: the figures, then the verdict."""
    return msgspec.json.format(msgspec.json.encode({**_fields(report), **_fields(verdict)}), indent=2)


def _fields(figures: Figures) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(figures)
    return fields


def _exceeds(value: float | None, bound: float) -> bool:
    return value is None or value > bound


def _frames(frames: Frames) -> Iterator[str]:
    if not frames.captured:
        yield "no frame was captured"
    if frames.unaccounted:
        yield f"{frames.unaccounted} captured frames are neither on the topic nor declared lost"
    if _exceeds(frames.clock_deviation, MAX_CLOCK_DEVIATION):
        yield f"frames deviate from the wall clock by {frames.clock_deviation}, more than {MAX_CLOCK_DEVIATION}"
    if frames.concealed_ratio is None or frames.concealed_ratio >= MAX_CONCEALED_RATIO:
        yield f"{frames.concealed_ratio} of the samples were concealed, not below {MAX_CONCEALED_RATIO}"


def _words(report: Report, min_words: int) -> Iterator[str]:
    words = report.words
    if words.reference < min_words:
        yield f"only {words.reference} words were said, {min_words} are needed to judge the hearing"
    if words.wer - words.engine_wer > MAX_WER_ADDED:
        yield f"word error rate {words.wer:.1%} is more than {MAX_WER_ADDED:.0%} above the engine's {words.engine_wer:.1%}"
    if report.misattributed_turns:
        yield f"{report.misattributed_turns} turns are given to the wrong speaker"


def _delivery(report: Report) -> Iterator[str]:
    turns, webhooks = report.turns, report.webhooks
    if turns.topic != turns.clickhouse or not turns.topic:
        yield f"{turns.topic} turns on the topic, {turns.clickhouse} in ClickHouse"
    if webhooks.received != webhooks.expected or not webhooks.expected:
        yield f"{webhooks.received} of {webhooks.expected} webhooks were received"
    if webhooks.out_of_order:
        yield f"{webhooks.out_of_order} webhooks came out of order"
    if webhooks.bad_signature:
        yield f"{webhooks.bad_signature} webhooks had a bad signature or none"


def _latency(latency: Latency) -> Iterator[str]:
    if _exceeds(latency.capture_to_kafka_p99, MAX_CAPTURE_TO_KAFKA_P99_MS):
        p99 = latency.capture_to_kafka_p99
        yield f"capture to Kafka p99 is {p99} ms, not within {MAX_CAPTURE_TO_KAFKA_P99_MS:.0f} ms"


def _failover(failover: Failover) -> Iterator[str]:
    if failover.killed_in_turn is None:
        yield f"{failover.primary} was not killed in the middle of a turn"
    elif failover.turn_settled_by is None:
        yield "the turn in which the provider was killed never settled"
    elif failover.words_in_turn < failover.words_before_kill:
        yield f"the turn had {failover.words_before_kill} words before the kill and {failover.words_in_turn} after it"
    if not (failover.turns_of_primary and failover.turns_of_fallback):
        yield (
            f"{failover.turns_of_primary} turns are {failover.primary}'s and {failover.turns_of_fallback} "
            f"{failover.fallback}'s: both must have had their part"
        )
