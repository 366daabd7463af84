"""One bot's whole life as records on the four topics the webhook sink reads, for any bot id.

The meeting: two people join, talk in turns, one mutes; the transcript learns who spoke the first turn afterwards.
"""

from dataclasses import dataclass, field
from typing import Any

from schemas import ids
from schemas.events import BotEvent, Ledger, LedgerStream, ParticipantEvent, Record, TranscriptEvent, Turn, TurnWord
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS, TRANSCRIPT_EVENTS, TRANSCRIPT_TURNS, Topic
from schemas.vocabulary import (
    Attribution,
    BotState,
    ParticipantKind,
    ParticipantSource,
    TranscriptKind,
    TurnReason,
    TurnState,
)

START_US = 1_795_600_000_123_456
STREAM = "janus:7/audio"
LIFE = (
    BotState.JOINING,
    BotState.IN_WAITING_ROOM,
    BotState.IN_CALL_NOT_RECORDING,
    BotState.IN_CALL_RECORDING,
    BotState.LEAVING,
    BotState.CALL_ENDED,
    BotState.DONE,
)
PEOPLE = (
    ParticipantKind.JOIN,
    ParticipantKind.SPEECH_ON,
    ParticipantKind.SPEECH_OFF,
    ParticipantKind.STREAM_ATTRIBUTED,
    ParticipantKind.MUTE,
    ParticipantKind.UNMUTE,
    ParticipantKind.RENAME,
    ParticipantKind.LEAVE,
)
PUBLIC_STATES = len(LIFE)
PUBLIC_PEOPLE = len(PEOPLE) - 1  # a late attribution is told by the turn's next revision


@dataclass(frozen=True)
class BotScript:
    """`bot_id`'s records. Offsets named inside records are counted from `first_offset`s, 0 where nothing else is there."""

    bot_id: str
    turns: int = 3
    first_offset: dict[str, int] = field(default_factory=dict)

    def bot_event(self, sequence: int, state: BotState, *, writer: int = 0, **changes: Any) -> BotEvent:
        recording = sequence >= 3
        return BotEvent(
            **self._meta("bot", sequence, writer)
            | {"recording_started_at_us": START_US if recording else None}
            | changes,
            sequence=sequence,
            sequence_epoch=writer,
            state=state,
            previous_state=BotState.UNKNOWN,
            sub_code="",
            message="a step",
            remedy="",
            platform="janus",
            region="local",
        )

    def life(self) -> list[BotEvent]:
        """From joining to done; done names the offset of the last participant record."""
        last = self.first_offset.get(MEETING_PARTICIPANTS.name, 0) + len(PEOPLE) - 1
        *steps, done = [self.bot_event(number, state, attrs={}) for number, state in enumerate(LIFE)]
        told = {"attrs": {"meeting.participants.last_offset": str(last)}, "ledger": ledger()}
        return [*steps, self.bot_event(done.sequence, BotState.DONE, **told)]

    def people(self) -> list[ParticipantEvent]:
        return [self.person(number, kind) for number, kind in enumerate(PEOPLE)]

    def person(self, sequence: int, kind: ParticipantKind) -> ParticipantEvent:
        return ParticipantEvent(
            **self._meta("person", sequence),
            sequence=sequence,
            kind=kind,
            participant_id="janus:7",
            display_name="Ada",
            source=ParticipantSource.SIGNALLING,
            at_ms=sequence * 100,
        )

    def spoken(self) -> list[Turn]:
        """The turns, and the first of them again once its speaker is known."""
        return [*(self.turn(number) for number in range(self.turns)), self.turn(0, revision=2)]

    def turn(self, number: int, revision: int = 1) -> Turn:
        return Turn(
            **self._meta("turn", number, revision),
            recording_started_at_us=START_US,
            turn_id=ids.turn_id(self.bot_id, STREAM, 0, number, "live"),
            revision=revision,
            state=TurnState.END_OF_TURN,
            stream_id=STREAM,
            epoch=0,
            participant_id="janus:7" if revision > 1 else None,
            attribution=Attribution.EXACT if revision > 1 else Attribution.NONE,
            attribution_confidence=0.5,
            display_name="Ada" if revision > 1 else None,
            language="en",
            text="good day",
            words=(
                TurnWord(text="good", start_ms=number, end_ms=number + 1, confidence=0.5, word_is_final=True),
                TurnWord(text="day", start_ms=number + 1, end_ms=number + 2, word_is_final=True),
            ),
            start_ms=number,
            end_ms=number + 2,
            seq_from=0,
            seq_to=1,
            provider="local",
            stt_session_id="s",
            reason=TurnReason.ENDPOINT,
            transcript_label="live",
        )

    def transcript(self, kind: TranscriptKind = TranscriptKind.PROCESSED) -> TranscriptEvent:
        last = self.first_offset.get(TRANSCRIPT_TURNS.name, 0) + self.turns
        return TranscriptEvent(
            **self._meta("transcript", kind.value),
            transcript_label="live",
            kind=kind,
            turns=self.turns,
            words=2 * self.turns,
            unsettled_streams=() if kind is TranscriptKind.PROCESSED else (STREAM,),
            last_turn_offset=last,
            message="",
        )

    def records(self) -> dict[Topic, list[Record]]:
        """Everything, by topic, each in the order it is written."""
        return {
            BOT_EVENTS: list(self.life()),
            MEETING_PARTICIPANTS: list(self.people()),
            TRANSCRIPT_TURNS: list(self.spoken()),
            TRANSCRIPT_EVENTS: [self.transcript()],
        }

    @property
    def public_events(self) -> int:
        """How many events a subscriber must get."""
        return PUBLIC_STATES + PUBLIC_PEOPLE + self.turns + 1 + 1

    def _meta(self, *fact: object) -> dict[str, Any]:
        return {
            "tenant_id": "default",
            "bot_id": self.bot_id,
            "meeting_id": "mtg_1",
            "event_id": ids.event_id(self.bot_id, *fact),
            "occurred_at_us": START_US,
            "produced_at_us": START_US + 1,
        }


def ledger() -> Ledger:
    stream = LedgerStream(
        stream_id=STREAM,
        slot="0/1",
        participant_id="janus:7",
        epoch=0,
        first_seq=0,
        last_seq=99,
        units_audio=50,
        units_silence=40,
        units_absent=0,
        units_gap={"network": 10},
        frames_captured_by_page=90,
        ranges_sha256="",
    )
    return Ledger(streams=(stream,), outcome="done")
