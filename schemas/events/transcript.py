"""Who said what, as it is read: turns, and the state of the whole."""

from schemas.events.record import Record
from schemas.vocabulary import Attribution, TranscriptKind, TurnReason, TurnState


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
