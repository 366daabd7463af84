"""The public events as frozen structs: one envelope, one class of `data` for each family, one table of event types.

Times are UTC; `_ms` on the transcript are milliseconds since the bot's recording started, one ruler for all speakers.
"""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

BotId = Annotated[str, Meta(description="The bot this is about.")]
MeetingId = Annotated[str, Meta(description="The meeting: the same for every bot sent to the same link.")]
EventId = Annotated[str, Meta(description="The event: `evt_…`, the same on Kafka and in ClickHouse.")]
Sequence = Annotated[
    int,
    Meta(
        ge=0, description="Dense for one endpoint and bot, from 0: a jump is an event that was given up after retries."
    ),
]
OccurredAt = Annotated[datetime, Meta(tz=True, description="When it happened, UTC.")]
TurnId = Annotated[str, Meta(description="The turn; (turn_id, revision) is one version of it, the last one wins.")]
Revision = Annotated[int, Meta(ge=0, description="Larger is newer.")]
Confidence = Annotated[float, Meta(ge=0, le=1)]
Label = Annotated[str, Meta(description="`live`, or the name of a later transcript of the same meeting.")]
RulerMs = Annotated[int, Meta(description="Milliseconds since recording started; negative before it.")]
Milliseconds = Annotated[int, Meta(ge=0)]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What the `data` of every event has."""

    bot_id: BotId
    meeting_id: MeetingId


class BotData(Payload, frozen=True, kw_only=True):
    """A step in a bot's life."""

    state: Annotated[str, Meta(description="Where the bot is now, or `error`: not a state but a note on the way.")]
    sub_code: Annotated[str, Meta(description="Why; an open set of words; empty when there is nothing to add.")]
    message: Annotated[str, Meta(description="For people.")]
    remedy: Annotated[str, Meta(description="What to do about it; empty when nothing has to be done.")]
    platform: str
    region: str
    recording_started_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="Zero of the transcript's milliseconds; null until recording starts."),
    ]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What the bot says it heard, over all voices."""

    streams: Annotated[int, Meta(ge=0, description="Voices, counted again when capture of one restarted.")]
    audio_ms: Milliseconds
    silence_ms: Milliseconds
    absent_ms: Annotated[int, Meta(ge=0, description="The platform did not forward the voice.")]
    gap_ms: Annotated[dict[str, int], Meta(description="Lost, by cause.")]


class BotDoneData(BotData, frozen=True, kw_only=True):
    """The end of a bot: nothing comes after it."""

    outcome: Annotated[str, Meta(description="`done`, or why not.")]
    artefact_ids: Annotated[tuple[str, ...], Meta(description="Recordings made.")]
    heard: Heard | None


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the meeting."""

    id: Annotated[str | None, Meta(description="Stable within the meeting; null while nobody knows who it is.")]
    name: Annotated[str | None, Meta(description="As the platform shows it.")]
    is_bot: bool = False


class ParticipantData(Payload, frozen=True, kw_only=True):
    """What the platform said of a participant."""

    participant: Participant
    at_ms: RulerMs
    source: Annotated[str, Meta(description="Where it was read: signalling, roster, dom or captions.")]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a turn."""

    text: str
    start_ms: RulerMs
    end_ms: RulerMs
    confidence: Confidence | None


class TurnData(Payload, frozen=True, kw_only=True):
    """A settled turn. A later revision only learns who spoke; its words stay."""

    turn_id: TurnId
    revision: Revision
    transcript_label: Label
    participant: Participant
    speaker_label: Annotated[str | None, Meta(description="The recogniser's own name for the voice.")]
    attribution: Annotated[str, Meta(description="How the participant is known: exact, csrc, active_speaker, …")]
    attribution_confidence: Confidence
    language: str
    text: str
    words: tuple[Word, ...]
    start_ms: RulerMs
    end_ms: RulerMs
    reason: Annotated[str, Meta(description="Why the turn ended.")]
    overlaps: Annotated[tuple[str, ...], Meta(description="Participants who spoke at the same time.")]
    provider: str


class TranscriptProcessedData(Payload, frozen=True, kw_only=True):
    """Every turn is settled and was sent before this."""

    transcript_label: Label
    turns: Annotated[int, Meta(ge=0)]
    words: Annotated[int, Meta(ge=0)]


class TranscriptFailedData(Payload, frozen=True, kw_only=True):
    """The transcript will not be whole; what was settled has been sent."""

    transcript_label: Label
    message: Annotated[str, Meta(description="For people.")]
    unsettled_streams: Annotated[tuple[str, ...], Meta(description="Voices that are not transcribed to their end.")]


D = TypeVar("D", bound=Payload)


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Where the whole body of a large event is: GET it, with Range to go on after a break."""

    url: Annotated[str, Meta(description="Signed; what lies behind it never changes.")]
    bytes: Annotated[int, Meta(ge=0, description="Length of the whole body.")]
    sha256: Annotated[str, Meta(description="Of the whole body, in hex: check it after the download.")]
    content_type: str
    expires_at: Annotated[datetime, Meta(tz=True, description="The end of the link, not of what lies behind it.")]


class Envelope(msgspec.Struct, Generic[D], frozen=True, kw_only=True):
    """The body of a webhook."""

    id: EventId
    type: str
    timestamp: OccurredAt
    sequence: Sequence
    data: D
    content: Annotated[
        Content | UnsetType,
        Meta(description="Only when the body is too large to send: `data` then lacks lists and long texts."),
    ] = UNSET


EVENTS: dict[str, type[Envelope[Any]]] = {
    "bot.scheduled": Envelope[BotData],
    "bot.joining": Envelope[BotData],
    "bot.in_waiting_room": Envelope[BotData],
    "bot.in_call_not_recording": Envelope[BotData],
    "bot.in_call_recording": Envelope[BotData],
    "bot.leaving": Envelope[BotData],
    "bot.stopped": Envelope[BotData],
    "bot.fatal": Envelope[BotData],
    "bot.error": Envelope[BotData],
    "bot.done": Envelope[BotDoneData],
    "participant_events.join": Envelope[ParticipantData],
    "participant_events.leave": Envelope[ParticipantData],
    "participant_events.update": Envelope[ParticipantData],
    "participant_events.mute": Envelope[ParticipantData],
    "participant_events.unmute": Envelope[ParticipantData],
    "participant_events.speech_on": Envelope[ParticipantData],
    "participant_events.speech_off": Envelope[ParticipantData],
    "participant_events.screenshare_on": Envelope[ParticipantData],
    "participant_events.screenshare_off": Envelope[ParticipantData],
    "participant_events.hand_up": Envelope[ParticipantData],
    "participant_events.hand_down": Envelope[ParticipantData],
    "participant_events.consent_given": Envelope[ParticipantData],
    "participant_events.consent_withdrawn": Envelope[ParticipantData],
    "transcript.data": Envelope[TurnData],
    "transcription.processed": Envelope[TranscriptProcessedData],
    "transcription.failed": Envelope[TranscriptFailedData],
}
