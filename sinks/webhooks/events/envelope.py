"""What a record means to a subscriber: a public event, or nothing. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from schemas.events import BotEvent, Ledger, ParticipantEvent, Record, TranscriptEvent, Turn
from schemas.timebase import UNIT_MS
from schemas.vocabulary import BotState, ParticipantKind, TranscriptKind, TurnState
from schemas.webhooks import payloads

CONTENT_TYPE = "application/json"
DONE = "bot.done"
PROCESSED = "transcription.processed"
FAILED = "transcription.failed"
BOT_EVENT_TYPES = {
    BotState.SCHEDULED: "bot.scheduled",
    BotState.JOINING: "bot.joining",
    BotState.IN_WAITING_ROOM: "bot.in_waiting_room",
    BotState.IN_CALL_NOT_RECORDING: "bot.in_call_not_recording",
    BotState.IN_CALL_RECORDING: "bot.in_call_recording",
    BotState.LEAVING: "bot.leaving",
    BotState.CALL_ENDED: "bot.stopped",
    BotState.FATAL: "bot.fatal",
    BotState.ERROR: "bot.error",
    BotState.DONE: DONE,
}
PARTICIPANT_EVENT_TYPES = {
    ParticipantKind.JOIN: "participant_events.join",
    ParticipantKind.LEAVE: "participant_events.leave",
    ParticipantKind.RENAME: "participant_events.update",
    ParticipantKind.ROLE: "participant_events.update",
    ParticipantKind.MUTE: "participant_events.mute",
    ParticipantKind.UNMUTE: "participant_events.unmute",
    ParticipantKind.SPEECH_ON: "participant_events.speech_on",
    ParticipantKind.SPEECH_OFF: "participant_events.speech_off",
    ParticipantKind.SCREENSHARE_ON: "participant_events.screenshare_on",
    ParticipantKind.SCREENSHARE_OFF: "participant_events.screenshare_off",
    ParticipantKind.HAND_UP: "participant_events.hand_up",
    ParticipantKind.HAND_DOWN: "participant_events.hand_down",
    ParticipantKind.CONSENT_GIVEN: "participant_events.consent_given",
    ParticipantKind.CONSENT_WITHDRAWN: "participant_events.consent_withdrawn",
}
TRANSCRIPT_EVENT_TYPES = {TranscriptKind.PROCESSED: PROCESSED, TranscriptKind.FAILED: FAILED}


@dataclass(frozen=True)
class PublicEvent:
    """An event as a subscriber will know it, before an endpoint's sequence number is on it."""

    type: str
    event_id: str
    occurred_at_us: int
    tenant_id: str
    data: payloads.Payload


def public_event(record: Record) -> PublicEvent | None:
    """The event in `record`; None for what is not for the public, such as a state on the way or a partial."""
    match record:
        case BotEvent():
            return _event(record, BOT_EVENT_TYPES.get(record.state), _bot_data(record))
        case ParticipantEvent():
            return _event(record, PARTICIPANT_EVENT_TYPES.get(record.kind), _participant_data(record))
        case Turn():
            return _event(record, None if record.state is TurnState.PARTIAL else "transcript.data", _turn_data(record))
        case TranscriptEvent():
            return _event(record, TRANSCRIPT_EVENT_TYPES.get(record.kind), _transcript_data(record))
        case _:
            return None


def body(event: PublicEvent, sequence: int) -> bytes:
    """The bytes that are signed and sent."""
    envelope = payloads.Envelope(
        id=event.event_id,
        type=event.type,
        timestamp=utc(event.occurred_at_us),
        sequence=sequence,
        data=event.data,
    )
    return msgspec.json.encode(envelope)


def utc(us: int) -> datetime:
    """Exact: a float of seconds since 1970 does not hold microseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def _event(
    record: BotEvent | ParticipantEvent | Turn | TranscriptEvent, event_type: str | None, data: payloads.Payload
) -> PublicEvent | None:
    if event_type is None:
        return None
    return PublicEvent(event_type, record.event_id, record.occurred_at_us, record.tenant_id, data)


def _bot_data(record: BotEvent) -> payloads.BotData:
    started = record.recording_started_at_us
    told = payloads.BotData(
        bot_id=record.bot_id,
        meeting_id=record.meeting_id,
        state=record.state.value,
        sub_code=record.sub_code,
        message=record.message,
        remedy=record.remedy,
        platform=record.platform,
        region=record.region,
        recording_started_at=None if started is None else utc(started),
    )
    return _done_data(told, record.ledger) if record.state is BotState.DONE else told


def _done_data(told: payloads.BotData, ledger: Ledger | None) -> payloads.BotDoneData:
    return payloads.BotDoneData(
        **msgspec.structs.asdict(told),
        outcome=ledger.outcome if ledger else "unknown",
        artefact_ids=ledger.artefact_ids if ledger else (),
        heard=_heard(ledger) if ledger else None,
    )


def _heard(ledger: Ledger) -> payloads.Heard:
    gaps: Counter[str] = Counter()
    for stream in ledger.streams:
        gaps.update(stream.units_gap)
    return payloads.Heard(
        streams=len(ledger.streams),
        audio_ms=UNIT_MS * sum(stream.units_audio for stream in ledger.streams),
        silence_ms=UNIT_MS * sum(stream.units_silence for stream in ledger.streams),
        absent_ms=UNIT_MS * sum(stream.units_absent for stream in ledger.streams),
        gap_ms={cause: UNIT_MS * units for cause, units in gaps.items()},
    )


def _participant_data(record: ParticipantEvent) -> payloads.ParticipantData:
    return payloads.ParticipantData(
        bot_id=record.bot_id,
        meeting_id=record.meeting_id,
        participant=payloads.Participant(id=record.participant_id, name=record.display_name, is_bot=record.is_bot),
        at_ms=record.at_ms,
        source=record.source.value,
    )


def _turn_data(record: Turn) -> payloads.TurnData:
    return payloads.TurnData(
        bot_id=record.bot_id,
        meeting_id=record.meeting_id,
        turn_id=record.turn_id,
        revision=record.revision,
        transcript_label=record.transcript_label,
        participant=payloads.Participant(id=record.participant_id, name=record.display_name),
        speaker_label=record.speaker_label,
        attribution=record.attribution.value,
        attribution_confidence=record.attribution_confidence,
        language=record.language,
        text=record.text,
        words=tuple(
            payloads.Word(text=word.text, start_ms=word.start_ms, end_ms=word.end_ms, confidence=word.confidence)
            for word in record.words
        ),
        start_ms=record.start_ms,
        end_ms=record.end_ms,
        reason=record.reason.value,
        overlaps=record.overlaps,
        provider=record.provider,
    )


def _transcript_data(record: TranscriptEvent) -> payloads.Payload:
    if record.kind is TranscriptKind.FAILED:
        return payloads.TranscriptFailedData(
            bot_id=record.bot_id,
            meeting_id=record.meeting_id,
            transcript_label=record.transcript_label,
            message=record.message,
            unsettled_streams=record.unsettled_streams,
        )
    return payloads.TranscriptProcessedData(
        bot_id=record.bot_id,
        meeting_id=record.meeting_id,
        transcript_label=record.transcript_label,
        turns=record.turns,
        words=record.words,
    )
