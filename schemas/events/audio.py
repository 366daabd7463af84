"""What is on `audio.frames`, and how well it came: `audio.quality`."""

from schemas.events.record import Record
from schemas.vocabulary import Attribution, ChunkKind, Encoding, GapCause, TrackKind


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
