"""What the speech-to-text providers said, and what became of their sessions."""

from schemas.events.record import Record
from schemas.vocabulary import Attribution, ResultKind, SessionKind, SkipReason, SttErrorClass, TurnReason


class SessionEvent(Record, frozen=True, kw_only=True):
    """What happened to a provider session, or to transcription as a whole."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    stt_session_id: str
    stream_id: str
    epoch: int
    transcript_label: str
    kind: SessionKind
    attempt: int
    provider: str
    model: str
    language: str
    error_class: SttErrorClass
    error_code: str
    remedy: str
    audio_sent_ms: int
    speech_ms: int
    billed_ms: int
    cost_micros: int
    first_result_ms: int | None = None
    latency_ms_p50: int | None = None
    latency_ms_p95: int | None = None


class Word(Record, frozen=True, kw_only=True):
    """One word on the stream's timeline."""

    text: str
    from_sample: int
    to_sample: int
    confidence: float | None = None
    word_is_final: bool
    speaker_label: str | None = None


class ResultEvent(Record, frozen=True, kw_only=True):
    """What a provider said about a span of a stream, or that a span was not given to one.

    Spans and cursors are samples at 48 kHz since the epoch's media time zero. Per stream, epoch and label the
    cursors form one chain without holes.
    """

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    stream_id: str
    epoch: int
    epoch_started_at_us: int
    recording_started_at_us: int
    transcript_label: str
    participant_id: str | None = None
    attribution: Attribution
    attribution_confidence: float
    stt_session_id: str
    provider: str
    provider_result_id: str
    provider_turn_key: str
    language: str
    kind: ResultKind
    skip_reason: SkipReason = SkipReason.NONE
    reason: TurnReason = TurnReason.NONE
    from_sample: int
    to_sample: int
    words: tuple[Word, ...]
    cursor_before_sample: int
    cursor_after_sample: int
