"""Records of a made-up meeting, every field filled, for tests that only care for a few of them."""

from typing import Any

from schemas.events import BotEvent, ParticipantEvent, TranscriptEvent, Turn
from schemas.vocabulary import (
    Attribution,
    BotState,
    ParticipantKind,
    ParticipantSource,
    TranscriptKind,
    TurnReason,
    TurnState,
)

META: dict[str, Any] = {
    "tenant_id": "default",
    "bot_id": "bot_1",
    "meeting_id": "mtg_1",
    "occurred_at_us": 1,
    "produced_at_us": 1,
}


def bot_event(sequence: int, state: BotState, *, at_us: int = 1, **attrs: str) -> BotEvent:
    return BotEvent(
        **{**META, "occurred_at_us": at_us},
        event_id=f"evt_bot_{sequence}",
        sequence=sequence,
        sequence_epoch=0,
        state=state,
        previous_state=BotState.UNKNOWN,
        sub_code="",
        message="",
        remedy="",
        platform="janus",
        region="local",
        attrs=attrs,
    )


def participant_event(
    sequence: int, name: str, participant_id: str, kind: ParticipantKind = ParticipantKind.JOIN
) -> ParticipantEvent:
    return ParticipantEvent(
        **META,
        event_id=f"evt_person_{sequence}",
        sequence=sequence,
        kind=kind,
        participant_id=participant_id,
        display_name=name,
        source=ParticipantSource.SIGNALLING,
        at_ms=sequence,
    )


def turn(number: int, participant_id: str | None, text: str, *, revision: int = 0, name: str | None = None) -> Turn:
    return Turn(
        **META,
        event_id=f"evt_turn_{number}_{revision}",
        recording_started_at_us=0,
        turn_id=f"turn_{number}",
        revision=revision,
        state=TurnState.END_OF_TURN,
        stream_id="s",
        epoch=0,
        participant_id=participant_id,
        attribution=Attribution.EXACT,
        attribution_confidence=1.0,
        display_name=name,
        language="en",
        text=text,
        words=(),
        start_ms=number * 1000,
        end_ms=number * 1000 + 900,
        seq_from=0,
        seq_to=1,
        provider="local",
        stt_session_id="s",
        reason=TurnReason.ENDPOINT,
        transcript_label="live",
    )


def processed() -> TranscriptEvent:
    return TranscriptEvent(
        **META,
        event_id="evt_processed",
        transcript_label="live",
        kind=TranscriptKind.PROCESSED,
        turns=1,
        words=1,
        unsettled_streams=(),
        message="",
    )
