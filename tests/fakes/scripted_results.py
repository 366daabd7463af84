"""Scripted input of the turns stage: what transcription, the platform and the bot would write."""

from dataclasses import dataclass, field

from schemas.events import BotEvent, Ledger, LedgerStream, ParticipantEvent, ResultEvent, Word
from schemas.ids import event_id
from schemas.timebase import SAMPLES_PER_UNIT, ms_to_samples
from schemas.vocabulary import (
    Attribution,
    BotState,
    ParticipantKind,
    ParticipantSource,
    ResultKind,
    SkipReason,
    TurnReason,
)

STARTED_AT_US = 1_700_000_000_000_000


def word(text: str, from_ms: int, to_ms: int, *, final: bool = True) -> Word:
    """A word by its milliseconds."""
    return Word(text=text, from_sample=ms_to_samples(from_ms), to_sample=ms_to_samples(to_ms), word_is_final=final)


def said(text: str, from_ms: int, word_ms: int = 200, *, final: bool = True) -> tuple[Word, ...]:
    """Words one after the other, each `word_ms` long."""
    return tuple(
        word(each, from_ms + i * word_ms, from_ms + (i + 1) * word_ms, final=final)
        for i, each in enumerate(text.split())
    )


@dataclass
class Voice:
    """One stream's results, with the cursor chain kept by itself."""

    bot_id: str = "bot_1"
    stream_id: str = "janus:1/audio"
    epoch: int = 0
    label: str = "live"
    participant_id: str | None = "janus:1"
    attribution: Attribution = Attribution.EXACT
    confidence: float = 1.0
    session: str = "sess_1"
    epoch_started_at_us: int = STARTED_AT_US
    cursor_ms: int = 0
    written: list[ResultEvent] = field(default_factory=list)

    def result(
        self,
        kind: ResultKind,
        words: tuple[Word, ...] = (),
        cursor_ms: int | None = None,
        *,
        key: str = "",
        reason: TurnReason = TurnReason.NONE,
        skip: SkipReason = SkipReason.NONE,
        language: str = "en",
    ) -> ResultEvent:
        before, after = self.cursor_ms, self.cursor_ms if cursor_ms is None else cursor_ms
        self.cursor_ms = max(before, after)
        number = len(self.written)
        skipped = kind is ResultKind.SKIPPED
        event = ResultEvent(
            tenant_id="default",
            bot_id=self.bot_id,
            meeting_id="mtg_1",
            event_id=event_id(self.bot_id, self.stream_id, self.epoch, self.label, number),
            occurred_at_us=STARTED_AT_US + number * 1000,
            produced_at_us=STARTED_AT_US + number * 1000,
            stream_id=self.stream_id,
            epoch=self.epoch,
            epoch_started_at_us=self.epoch_started_at_us,
            recording_started_at_us=STARTED_AT_US,
            transcript_label=self.label,
            participant_id=self.participant_id,
            attribution=self.attribution,
            attribution_confidence=self.confidence,
            stt_session_id="" if skipped else self.session,
            provider="" if skipped else "scripted",
            provider_result_id=str(number),
            provider_turn_key=key,
            language="" if skipped else language,
            kind=kind,
            skip_reason=skip,
            reason=reason,
            from_sample=ms_to_samples(before),
            to_sample=ms_to_samples(after),
            words=words,
            cursor_before_sample=ms_to_samples(before),
            cursor_after_sample=ms_to_samples(after),
        )
        self.written.append(event)
        return event

    def partial(self, words: tuple[Word, ...], cursor_ms: int | None = None, key: str = "") -> ResultEvent:
        return self.result(ResultKind.PARTIAL, words, cursor_ms, key=key)

    def final(self, words: tuple[Word, ...], cursor_ms: int | None, key: str = "") -> ResultEvent:
        return self.result(ResultKind.FINAL, words, cursor_ms, key=key)

    def end(
        self,
        words: tuple[Word, ...] = (),
        cursor_ms: int | None = None,
        key: str = "",
        reason: TurnReason = TurnReason.NONE,
    ) -> ResultEvent:
        return self.result(ResultKind.END_OF_TURN, words, cursor_ms, key=key, reason=reason)

    def skipped(self, cursor_ms: int, why: SkipReason = SkipReason.NO_SPEECH) -> ResultEvent:
        return self.result(ResultKind.SKIPPED, (), cursor_ms, skip=why)


def participant(
    kind: ParticipantKind,
    sequence: int,
    *,
    bot_id: str = "bot_1",
    participant_id: str = "janus:1",
    name: str | None = None,
    at_ms: int = 0,
    stream_id: str | None = None,
    seq_from: int | None = None,
    seq_to: int | None = None,
    confidence: float = 1.0,
) -> ParticipantEvent:
    """What the platform says of a participant."""
    attributed = kind is ParticipantKind.STREAM_ATTRIBUTED
    return ParticipantEvent(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_1",
        event_id=event_id(bot_id, "participant", sequence),
        occurred_at_us=STARTED_AT_US + at_ms * 1000,
        produced_at_us=STARTED_AT_US + at_ms * 1000,
        sequence=sequence,
        kind=kind,
        participant_id=participant_id,
        display_name=name,
        source=ParticipantSource.SIGNALLING,
        at_ms=at_ms,
        stream_id=stream_id,
        epoch=0 if attributed else None,
        seq_from=seq_from,
        seq_to=seq_to,
        attribution=Attribution.CSRC if attributed else Attribution.UNKNOWN,
        attribution_confidence=confidence if attributed else 0.0,
    )


def done(bot_id: str, ends_ms: dict[tuple[str, int], int], sequence: int = 5) -> BotEvent:
    """The bot's last word: `ends_ms` is where each (stream_id, epoch) ends."""
    streams = tuple(
        LedgerStream(
            stream_id=stream_id,
            slot="0/1",
            epoch=epoch,
            first_seq=0,
            last_seq=ms_to_samples(end_ms) // SAMPLES_PER_UNIT - 1,
            units_audio=ms_to_samples(end_ms) // SAMPLES_PER_UNIT,
            units_silence=0,
            units_absent=0,
            units_gap={},
            frames_captured_by_page=ms_to_samples(end_ms) // SAMPLES_PER_UNIT,
            ranges_sha256="",
        )
        for (stream_id, epoch), end_ms in ends_ms.items()
    )
    return bot_event(bot_id, BotState.DONE, sequence, Ledger(streams=streams, outcome="done"))


def bot_event(bot_id: str, state: BotState, sequence: int, ledger: Ledger | None = None) -> BotEvent:
    return BotEvent(
        tenant_id="default",
        bot_id=bot_id,
        meeting_id="mtg_1",
        event_id=event_id(bot_id, "bot", sequence),
        occurred_at_us=STARTED_AT_US,
        produced_at_us=STARTED_AT_US,
        sequence=sequence,
        sequence_epoch=0,
        state=state,
        previous_state=BotState.UNKNOWN,
        sub_code="",
        message="",
        remedy="",
        platform="janus",
        region="local",
        attrs={},
        ledger=ledger,
    )
