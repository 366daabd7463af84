"""What the bot says, as records: who and where it is, and the dense sequences, added in one place. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from producers.bot.lifecycle import Step
from producers.bot.roster import Fact
from producers.bot.streams import StreamChunk
from schemas.events import AudioChunk, BotEvent, Ledger, ParticipantEvent
from schemas.ids import event_id
from schemas.timebase import SAMPLE_RATE_HZ
from schemas.topics import AUDIO_FRAMES, MEETING_PARTICIPANTS
from schemas.vocabulary import Encoding, ParticipantSource


@dataclass(frozen=True)
class Identity:
    """Which bot, in which meeting, for whom."""

    tenant_id: str
    bot_id: str
    meeting_id: str
    platform: str
    region: str


class Records:
    """Makes this bot's records. `recording_started_at_us` must be set before the first chunk."""

    def __init__(self, identity: Identity) -> None:
        self._who = identity
        self._bot_events = 0
        self._participant_events = 0
        self.recording_started_at_us: int | None = None

    def chunk(self, found: StreamChunk) -> AudioChunk:
        assert self.recording_started_at_us is not None
        span = found.chunk.span
        return AudioChunk(
            tenant_id=self._who.tenant_id,
            bot_id=self._who.bot_id,
            meeting_id=self._who.meeting_id,
            stream_id=found.voice.stream_id,
            slot=found.slot,
            epoch=span.epoch,
            epoch_started_at_us=span.epoch_started_at_us,
            recording_started_at_us=self.recording_started_at_us,
            seq=span.seq,
            units=span.units,
            kind=span.kind,
            cause=span.cause,
            encoding=Encoding.PCM_S16LE,
            sample_rate_hz=SAMPLE_RATE_HZ,
            channels=1,
            pcm=span.pcm,
            participant_id=found.chunk.speaker,
            track_kind=found.voice.track_kind,
            attribution=found.voice.attribution,
            attribution_confidence=found.voice.confidence,
            captured_at_us=span.captured_at_us,
            level_dbfs=found.chunk.level_dbfs,
        )

    def participant(self, fact: Fact, now_us: int) -> ParticipantEvent:
        sequence = self._participant_events
        self._participant_events += 1
        started_at_us = self.recording_started_at_us or now_us
        return ParticipantEvent(
            tenant_id=self._who.tenant_id,
            bot_id=self._who.bot_id,
            meeting_id=self._who.meeting_id,
            event_id=event_id(self._who.bot_id, "participant", sequence),
            occurred_at_us=now_us,
            produced_at_us=now_us,
            sequence=sequence,
            kind=fact.kind,
            participant_id=fact.participant_id,
            display_name=fact.display_name,
            source=ParticipantSource.SIGNALLING,
            at_ms=(now_us - started_at_us) // 1000,
        )

    def bot(self, step: Step, now_us: int, attrs: dict[str, str], ledger: Ledger | None = None) -> BotEvent:
        sequence = self._bot_events
        self._bot_events += 1
        return BotEvent(
            tenant_id=self._who.tenant_id,
            bot_id=self._who.bot_id,
            meeting_id=self._who.meeting_id,
            event_id=event_id(self._who.bot_id, "bot", sequence),
            occurred_at_us=now_us,
            produced_at_us=now_us,
            sequence=sequence,
            sequence_epoch=0,
            state=step.state,
            previous_state=step.previous,
            sub_code=step.sub_code,
            message=step.message,
            remedy=step.remedy,
            platform=self._who.platform,
            region=self._who.region,
            recording_started_at_us=self.recording_started_at_us,
            attrs=attrs,
            ledger=ledger,
        )


def last_offsets_told(last_offsets: Mapping[str, int]) -> dict[str, str]:
    """What the last event says of where the bot's records end, as Kafka acknowledged them; -1 where there are none."""
    return {
        f"{topic.name}.last_offset": str(last_offsets.get(topic.name, -1))
        for topic in (AUDIO_FRAMES, MEETING_PARTICIPANTS)
    }
