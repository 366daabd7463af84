"""The records as frozen structs: one class for each Avro record in `schemas/kafka`, same names, same order of fields.

Times in `_us` are UTC microseconds since 1970; `_ms` on the transcript are milliseconds since `recording_started_at_us`;
samples are 48 kHz samples since an epoch's media time zero. What each field means is said once, in the .avsc files.
"""

import msgspec

from schemas.vocabulary import (
    AttemptOutcome,
    Attribution,
    BotState,
    ChunkKind,
    CommandKind,
    DeliveryTrigger,
    Encoding,
    GapCause,
    OnExhausted,
    Ordering,
    ParticipantKind,
    ParticipantSource,
    ResultKind,
    SessionKind,
    SignatureScheme,
    SkipReason,
    SttErrorClass,
    TrackKind,
    TranscriptKind,
    TurnReason,
    TurnState,
)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What every record is: immutable, and built by field name."""


class AudioChunk(Record, frozen=True, kw_only=True):
    """One stretch of one voice: audio, or a statement that there was none.

    Identity of a 20 ms unit: (bot_id, stream_id, epoch, seq). Per stream and epoch the records tile media time
    without overlap.
    """

    tenant_id: str
    bot_id: str
    meeting_id: str
    stream_id: str
    slot: str
    epoch: int
    epoch_started_at_us: int
    recording_started_at_us: int
    seq: int
    units: int
    kind: ChunkKind
    cause: GapCause | None = None
    encoding: Encoding
    sample_rate_hz: int
    channels: int
    pcm: bytes
    participant_id: str | None = None
    track_kind: TrackKind
    attribution: Attribution
    attribution_confidence: float
    captured_at_us: int
    level_dbfs: float | None = None


class ParticipantEvent(Record, frozen=True, kw_only=True):
    """What the platform said of a participant."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    sequence: int
    kind: ParticipantKind
    participant_id: str
    display_name: str | None = None
    is_bot: bool = False
    source: ParticipantSource
    at_ms: int
    stream_id: str | None = None
    epoch: int | None = None
    seq_from: int | None = None
    seq_to: int | None = None
    attribution: Attribution = Attribution.UNKNOWN
    attribution_confidence: float = 0.0


class LedgerStream(Record, frozen=True, kw_only=True):
    """What the bot says it put on audio.frames for one epoch of one stream."""

    stream_id: str
    slot: str
    participant_id: str | None = None
    epoch: int
    first_seq: int
    last_seq: int
    units_audio: int
    units_silence: int
    units_absent: int
    units_gap: dict[str, int]
    frames_captured_by_page: int
    ranges_sha256: str


class Ledger(Record, frozen=True, kw_only=True):
    """heard = delivered + declared."""

    streams: tuple[LedgerStream, ...]
    outcome: str
    artefact_ids: tuple[str, ...] = ()


class BotEvent(Record, frozen=True, kw_only=True):
    """A step in a bot's life. Every bot ends with `done`, and only that one carries the ledger."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    sequence: int
    sequence_epoch: int
    state: BotState
    previous_state: BotState
    sub_code: str
    message: str
    remedy: str
    platform: str
    region: str
    recording_started_at_us: int | None = None
    attrs: dict[str, str]
    ledger: Ledger | None = None


class QualityWindow(Record, frozen=True, kw_only=True):
    """Ten seconds of one stream and epoch, as the sequencer saw them."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    stream_id: str
    epoch: int
    window_ms: int
    window_length_ms: int
    revision: int
    units_expected: int
    units_received: int
    units_duplicate: int
    units_late: int
    units_reordered: int
    units_silence: int
    units_absent: int
    units_gap: dict[str, int]
    units_clipped: int
    level_dbfs: float | None = None
    drift_ppm: float
    capture_to_kafka_ms_p50: float | None = None
    capture_to_kafka_ms_p99: float | None = None


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


class TurnWord(Record, frozen=True, kw_only=True):
    """One word on the transcript's ruler."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    word_is_final: bool
    speaker_label: str | None = None


class Turn(Record, frozen=True, kw_only=True):
    """One turn of one speaker.

    Idempotency key (turn_id, revision); the last revision wins; a settled turn changes only by late attribution,
    words untouched.
    """

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    recording_started_at_us: int
    turn_id: str
    revision: int
    state: TurnState
    stream_id: str
    epoch: int
    participant_id: str | None = None
    speaker_label: str | None = None
    attribution: Attribution
    attribution_confidence: float
    display_name: str | None = None
    language: str
    text: str
    words: tuple[TurnWord, ...]
    start_ms: int
    end_ms: int
    seq_from: int
    seq_to: int
    provider: str
    stt_session_id: str
    reason: TurnReason
    transcript_label: str
    overlaps: tuple[str, ...] = ()


class TranscriptEvent(Record, frozen=True, kw_only=True):
    """The state of a bot's transcript as a whole."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    transcript_label: str
    kind: TranscriptKind
    turns: int
    words: int
    unsettled_streams: tuple[str, ...]
    last_turn_offset: int | None = None
    message: str


class WebhookDelivery(Record, frozen=True, kw_only=True):
    """One event for one endpoint, body frozen."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    delivery_id: str
    endpoint_id: str
    sequence: int
    event_type: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    body: bytes
    content_type: str
    ordering: Ordering
    trigger: DeliveryTrigger = DeliveryTrigger.UNKNOWN


class WebhookAttempt(Record, frozen=True, kw_only=True):
    """One try at one delivery."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    delivery_id: str
    endpoint_id: str
    sequence: int
    event_type: str
    attempt: int
    occurred_at_us: int
    produced_at_us: int
    outcome: AttemptOutcome
    status: int
    error_class: str
    latency_ms: int
    response_snippet: str
    next_attempt_at_us: int | None = None
    trigger: DeliveryTrigger = DeliveryTrigger.UNKNOWN
    url_host: str = ""
    request_headers: dict[str, str] = {}
    charged: bool = True
    request_bytes: int = 0
    delivery_offset: int = -1


class EndpointSecret(Record, frozen=True, kw_only=True):
    """One key that deliveries are signed with, encrypted."""

    scheme: SignatureScheme
    key_id: str
    nonce: bytes
    ciphertext: bytes
    created_at_us: int
    valid_until_us: int | None = None


class WebhookEndpoint(Record, frozen=True, kw_only=True):
    """One subscriber as it is to be served; the last revision counts."""

    tenant_id: str
    endpoint_id: str
    revision: int
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    created_at_us: int
    description: str
    url: str
    event_types: tuple[str, ...]
    ordering: Ordering
    timeout_ms: int
    rate_per_s: float | None = None
    concurrency: int
    retry_waits_ms: tuple[int, ...]
    on_exhausted: OnExhausted
    inline_limit_bytes: int
    enabled: bool
    disabled_reason: str
    disabled_at_us: int | None = None
    secrets: tuple[EndpointSecret, ...]


class WebhookCommand(Record, frozen=True, kw_only=True):
    """Something for the webhook sink to do once."""

    tenant_id: str
    command_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    kind: CommandKind
    endpoint_id: str
    bot_id: str | None = None
    delivery_id: str | None = None
    delivery_offset: int | None = None
    since_us: int | None = None
    until_us: int | None = None
    event_type: str | None = None
    requested_by: str


class WebhookParked(Record, frozen=True, kw_only=True):
    """A delivery that has to wait, as a pointer to its record."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    delivery_id: str
    endpoint_id: str
    event_id: str
    occurred_at_us: int
    produced_at_us: int
    delivery_offset: int
    ordering: Ordering
    attempts: int
    next_attempt_at_us: int
    failing_since_us: int | None = None
