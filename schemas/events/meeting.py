"""What is told of a meeting: its participants, and the life of the bot in it."""

from schemas.events.record import Record
from schemas.vocabulary import Attribution, BotState, ParticipantKind, ParticipantSource


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
