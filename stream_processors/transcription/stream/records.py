"""The records one stream and epoch writes: results and session events, from what the machine decided."""

from msgspec.structs import replace

from schemas.events import AudioChunk, ResultEvent, SessionEvent, Word
from schemas.ids import event_id
from schemas.timebase import samples_to_us
from schemas.vocabulary import ResultKind, SessionKind, SkipReason, SttErrorClass, TurnReason
from stream_processors.sequencing.span import Speaker
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import Capabilities, ProviderFailed, ProviderResult
from stream_processors.transcription.routing.router import Alarm
from stream_processors.transcription.sessions.bill import cost_micros
from stream_processors.transcription.sessions.session_log import SessionLog
from stream_processors.transcription.stream.chain import Step

NO_FAILURE = ProviderFailed(SttErrorClass.NONE, "")


class Records:
    """Knows the stream's names. `chunk` is any chunk of the stream and epoch."""

    def __init__(self, chunk: AudioChunk, label: str) -> None:
        self._chunk = chunk
        self._label = label

    @property
    def bot_id(self) -> str:
        return self._chunk.bot_id

    @property
    def speaker_key(self) -> str:
        return f"{self._chunk.bot_id}/{self._chunk.stream_id}"

    def session_id(self, worker_id: str, opened: int, now: Moment) -> str:
        """Id of the session this worker opens now as the `opened`-th of one ownership of this stream and epoch."""
        chunk = self._chunk
        place = (chunk.bot_id, chunk.stream_id, chunk.epoch, self._label)
        return "stt_" + event_id(worker_id, *place, opened, now.us)[4:]

    def since_ms(self, sample: int, now: Moment) -> int:
        """How long ago, by the wall clock, a sample of the stream was spoken."""
        return (now.us - self._chunk.epoch_started_at_us - samples_to_us(sample)) // 1000

    def skipped(self, step: Step, now: Moment) -> ResultEvent:
        """The declaration that a span was not transcribed."""
        blank = self._blank(step.from_sample, step.to_sample, step.piece.speaker, now)
        return replace(blank, kind=ResultKind.SKIPPED, skip_reason=step.piece.skip or SkipReason.UNKNOWN)

    def partial(
        self,
        span: tuple[int, int],
        words: tuple[Word, ...],
        said: ProviderResult,
        log: SessionLog,
        speaker: Speaker,
        now: Moment,
    ) -> ResultEvent:
        """What is heard so far in `span`, which begins at the cursor; it moves nothing."""
        return replace(
            self._said(self._blank(*span, speaker, now), said, log, words),
            event_id=self._event_id(*span, log.id, said.result_id),
            kind=ResultKind.PARTIAL,
            cursor_after_sample=span[0],
        )

    def settled(
        self,
        step: Step,
        words: tuple[Word, ...],
        said: ProviderResult,
        log: SessionLog,
        reason: TurnReason,
        now: Moment,
    ) -> ResultEvent:
        """A final over one piece; with a reason the turn is closed."""
        blank = self._blank(step.from_sample, step.to_sample, step.piece.speaker, now)
        kind = ResultKind.FINAL if reason is TurnReason.NONE else ResultKind.END_OF_TURN
        return replace(self._said(blank, said, log, words), kind=kind, reason=reason)

    def _said(self, blank: ResultEvent, said: ProviderResult, log: SessionLog, words: tuple[Word, ...]) -> ResultEvent:
        return replace(
            blank,
            stt_session_id=log.id,
            provider=log.capabilities.provider,
            provider_result_id=said.result_id,
            provider_turn_key=said.turn_key,
            language=said.language or log.capabilities.language,
            words=words,
        )

    def _event_id(self, *place: object) -> str:
        chunk = self._chunk
        return event_id(chunk.bot_id, "result", chunk.stream_id, chunk.epoch, self._label, *place)

    def _blank(self, from_sample: int, to_sample: int, speaker: Speaker, now: Moment) -> ResultEvent:
        """A result over a span that says nothing yet."""
        chunk = self._chunk
        return ResultEvent(
            tenant_id=chunk.tenant_id,
            bot_id=chunk.bot_id,
            meeting_id=chunk.meeting_id,
            event_id=self._event_id(from_sample, to_sample),
            occurred_at_us=chunk.epoch_started_at_us + samples_to_us(to_sample),
            produced_at_us=now.us,
            stream_id=chunk.stream_id,
            epoch=chunk.epoch,
            epoch_started_at_us=chunk.epoch_started_at_us,
            recording_started_at_us=chunk.recording_started_at_us,
            transcript_label=self._label,
            participant_id=speaker.participant_id,
            attribution=speaker.attribution,
            attribution_confidence=speaker.confidence,
            stt_session_id="",
            provider="",
            provider_result_id="",
            provider_turn_key="",
            language="",
            kind=ResultKind.UNKNOWN,
            from_sample=from_sample,
            to_sample=to_sample,
            words=(),
            cursor_before_sample=from_sample,
            cursor_after_sample=to_sample,
        )

    def session(
        self, kind: SessionKind, log: SessionLog, now: Moment, failure: ProviderFailed = NO_FAILURE
    ) -> SessionEvent:
        """What happened to a session, with what it has cost and brought so far."""
        billed = log.billed_ms(now)
        again = (log.accounts,) if kind is SessionKind.READY and log.accounts else ()
        return replace(
            self._happened(kind, log.capabilities, failure, now),
            event_id=event_id(self._chunk.bot_id, "session", log.id, kind, *again),
            stt_session_id=log.id,
            attempt=log.request.attempt,
            audio_sent_ms=log.audio_sent_ms,
            speech_ms=log.speech_ms,
            billed_ms=billed,
            cost_micros=cost_micros(log.capabilities.price, billed),
            first_result_ms=log.first_result_ms,
            latency_ms_p50=log.latency_ms(50),
            latency_ms_p95=log.latency_ms(95),
        )

    def alert(self, alarm: Alarm, capabilities: Capabilities, worker_id: str, now: Moment) -> SessionEvent:
        """A provider is out, with the cause and what to do about it, or back. It belongs to no one session."""
        kind = SessionKind.ALERT_RAISED if alarm.cause else SessionKind.ALERT_CLEARED
        happened = self._happened(kind, capabilities, alarm.cause or NO_FAILURE, now)
        place = (worker_id, alarm.choice.provider, alarm.choice.credential, kind, now.us)
        return replace(happened, event_id=event_id(self._chunk.bot_id, "alert", *place))

    def _happened(
        self, kind: SessionKind, capabilities: Capabilities, failure: ProviderFailed, now: Moment
    ) -> SessionEvent:
        """Something happened with a provider, to no session yet."""
        chunk = self._chunk
        return SessionEvent(
            tenant_id=chunk.tenant_id,
            bot_id=chunk.bot_id,
            meeting_id=chunk.meeting_id,
            event_id="",
            occurred_at_us=now.us,
            produced_at_us=now.us,
            stt_session_id="",
            stream_id=chunk.stream_id,
            epoch=chunk.epoch,
            transcript_label=self._label,
            kind=kind,
            attempt=0,
            provider=capabilities.provider,
            model=capabilities.model,
            language=capabilities.language,
            error_class=failure.error_class,
            error_code=failure.code,
            remedy=failure.remedy,
            audio_sent_ms=0,
            speech_ms=0,
            billed_ms=0,
            cost_micros=0,
        )
