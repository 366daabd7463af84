"""The closed word lists of the records: one enum for each Avro enum, `unknown` first.

`unknown` is what an old reader sees when a newer writer uses a symbol it does not have.
"""

from enum import StrEnum


class ChunkKind(StrEnum):
    """What a stretch of media time holds."""

    UNKNOWN = "unknown"
    AUDIO = "audio"
    SILENCE = "silence"
    ABSENT = "absent"
    GAP = "gap"


class GapCause(StrEnum):
    """Why audio was lost."""

    UNKNOWN = "unknown"
    CAPTURE_STALL = "capture_stall"
    AUDIO_SERVICE_DEATH = "audio_service_death"
    RENDERER_CRASH = "renderer_crash"
    BROWSER_CRASH = "browser_crash"
    NETWORK = "network"
    BACKLOG_FULL = "backlog_full"
    RESTART = "restart"
    OPT_OUT = "opt_out"


class Encoding(StrEnum):
    """How samples are written."""

    UNKNOWN = "unknown"
    PCM_S16LE = "pcm_s16le"


class TrackKind(StrEnum):
    """What a slot carries."""

    UNKNOWN = "unknown"
    MICROPHONE = "microphone"
    SCREENSHARE = "screenshare"
    MIXED = "mixed"


class Attribution(StrEnum):
    """How the participant of a stream is known."""

    UNKNOWN = "unknown"
    EXACT = "exact"
    CSRC = "csrc"
    ACTIVE_SPEAKER = "active_speaker"
    CAPTIONS = "captions"
    NONE = "none"


class ParticipantKind(StrEnum):
    """What happened to a participant."""

    UNKNOWN = "unknown"
    JOIN = "join"
    LEAVE = "leave"
    RENAME = "rename"
    MUTE = "mute"
    UNMUTE = "unmute"
    SPEECH_ON = "speech_on"
    SPEECH_OFF = "speech_off"
    SCREENSHARE_ON = "screenshare_on"
    SCREENSHARE_OFF = "screenshare_off"
    HAND_UP = "hand_up"
    HAND_DOWN = "hand_down"
    ROLE = "role"
    STREAM_ATTRIBUTED = "stream_attributed"
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"


class ParticipantSource(StrEnum):
    """Where a fact about a participant was read."""

    UNKNOWN = "unknown"
    SIGNALLING = "signalling"
    ROSTER = "roster"
    DOM = "dom"
    CAPTIONS = "captions"


class BotState(StrEnum):
    """Where a bot is in its life; `error` is a note on the way, not a state."""

    UNKNOWN = "unknown"
    SCHEDULED = "scheduled"
    STAGED = "staged"
    JOINING = "joining"
    IN_WAITING_ROOM = "in_waiting_room"
    IN_CALL_NOT_RECORDING = "in_call_not_recording"
    IN_CALL_RECORDING = "in_call_recording"
    LEAVING = "leaving"
    CALL_ENDED = "call_ended"
    PROCESSING = "processing"
    DONE = "done"
    FATAL = "fatal"
    ERROR = "error"


class SessionKind(StrEnum):
    """What happened to a provider session."""

    UNKNOWN = "unknown"
    OPENED = "opened"
    READY = "ready"
    CLOSED = "closed"
    FAILED = "failed"
    FAILOVER = "failover"
    THROTTLED = "throttled"
    ALERT_RAISED = "alert_raised"
    ALERT_CLEARED = "alert_cleared"


class SttErrorClass(StrEnum):
    """What a provider's error asks of us."""

    UNKNOWN = "unknown"
    NONE = "none"
    FATAL = "fatal"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    PLANNED_EXPIRY = "planned_expiry"


class ResultKind(StrEnum):
    """How settled a provider's result is; `skipped` declares a span that was not transcribed."""

    UNKNOWN = "unknown"
    PARTIAL = "partial"
    FINAL = "final"
    END_OF_TURN = "end_of_turn"
    SKIPPED = "skipped"


class SkipReason(StrEnum):
    """Why a span was not transcribed."""

    UNKNOWN = "unknown"
    NONE = "none"
    NO_SPEECH = "no_speech"
    ABSENT = "absent"
    GAP = "gap"
    STREAM_END = "stream_end"


class TurnReason(StrEnum):
    """Why a turn ended."""

    UNKNOWN = "unknown"
    NONE = "none"
    ENDPOINT = "endpoint"
    SPEAKER_CHANGE = "speaker_change"
    FORCED_CUT = "forced_cut"
    FAILOVER = "failover"
    STREAM_END = "stream_end"


class TurnState(StrEnum):
    """How settled a turn is."""

    UNKNOWN = "unknown"
    PARTIAL = "partial"
    FINAL = "final"
    END_OF_TURN = "end_of_turn"


class TranscriptKind(StrEnum):
    """How a bot's transcript ended."""

    UNKNOWN = "unknown"
    PROCESSED = "processed"
    FAILED = "failed"


class Ordering(StrEnum):
    """What an endpoint asks of the order of its deliveries."""

    UNKNOWN = "unknown"
    BOT = "bot"
    NONE = "none"


class AttemptOutcome(StrEnum):
    """What came of one try at a delivery."""

    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    RETRY = "retry"
    EXHAUSTED = "exhausted"
    SKIPPED = "skipped"
    HELD = "held"
    DISABLED = "disabled"


class DeliveryTrigger(StrEnum):
    """What asked for a delivery: that something happened, or a person."""

    UNKNOWN = "unknown"
    EVENT = "event"
    RESEND = "resend"
    RECOVER = "recover"
    TEST = "test"


class OnExhausted(StrEnum):
    """What a lane does with a delivery that failed its last try."""

    UNKNOWN = "unknown"
    SKIP = "skip"
    HOLD = "hold"


class SignatureScheme(StrEnum):
    """How a delivery is signed: HMAC-SHA256 or ed25519, under their names in Standard Webhooks."""

    UNKNOWN = "unknown"
    V1 = "v1"
    V1A = "v1a"


class CommandKind(StrEnum):
    """What the webhook sink is asked to do once."""

    UNKNOWN = "unknown"
    RESEND = "resend"
    RECOVER = "recover"
    TEST = "test"
