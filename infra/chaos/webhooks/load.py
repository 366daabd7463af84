"""Made-up bots whose events keep the sinks busy. Pure."""

from schemas import ids
from schemas.events import BotEvent, ParticipantEvent
from schemas.vocabulary import BotState, ParticipantKind, ParticipantSource

STATES = (BotState.JOINING, BotState.IN_CALL_NOT_RECORDING)


def bot_events(bot_id: str, now_us: int) -> list[BotEvent]:
    """The bot joins and is in the call, so that what happens there may be told."""
    return [
        BotEvent(
            tenant_id="default",
            bot_id=bot_id,
            meeting_id="mtg_chaos",
            event_id=ids.event_id(bot_id, "bot", sequence),
            occurred_at_us=now_us,
            produced_at_us=now_us,
            sequence=sequence,
            sequence_epoch=0,
            state=state,
            previous_state=BotState.UNKNOWN,
            sub_code="",
            message="",
            remedy="",
            platform="synthetic",
            region="local",
            attrs={},
        )
        for sequence, state in enumerate(STATES)
    ]


def speech(bot_id: str, sequence: int, now_us: int) -> ParticipantEvent:
    """Somebody begins or ends to speak."""
    return ParticipantEvent(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_chaos",
        event_id=ids.event_id(bot_id, "participant", sequence),
        occurred_at_us=now_us,
        produced_at_us=now_us,
        sequence=sequence,
        kind=ParticipantKind.SPEECH_OFF if sequence % 2 else ParticipantKind.SPEECH_ON,
        participant_id="p_1",
        source=ParticipantSource.SIGNALLING,
        at_ms=sequence,
    )
