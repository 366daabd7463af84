"""One stream's talk with its provider: which utterances were said, sent and answered, over as many sessions as it takes.

Pure. A session is opened by speech, closed when idle, and replaced when it dies: then every utterance that is not
settled is sent again, from the cursor minus the preroll.
"""

from collections import deque
from dataclasses import dataclass

from schemas.events import ResultEvent, Word
from schemas.timebase import BYTES_PER_SAMPLE, samples_to_ms
from schemas.vocabulary import ResultKind, SessionKind, SttErrorClass, TurnReason
from stream_processors.transcription.audio_buffer import AudioBuffer
from stream_processors.transcription.chain import Chain, Step
from stream_processors.transcription.commands import Answered, Close, Command, Dropped, Emit, Finalize, Note, Open, Send
from stream_processors.transcription.gate import SpeechEnded
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import (
    Capabilities,
    ProviderEvent,
    ProviderFailed,
    ProviderReady,
    ProviderResult,
    SessionRequest,
)
from stream_processors.transcription.records import Records
from stream_processors.transcription.session_log import SessionLog
from stream_processors.transcription.words import placed, within

FIRST_RETRY_MS = 250
LONGEST_RETRY_MS = 10_000


@dataclass(slots=True)
class Utterance:
    """Speech from `from_sample`; open while `to_sample` is None. `sent_to` is how far the present session has it."""

    from_sample: int
    sent_to: int
    to_sample: int | None = None
    last_speech_sample: int = 0
    finalized: bool = False
    asked_at_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a conversation is held on."""

    capabilities: Capabilities
    worker_id: str
    preroll_samples: int
    session_idle_ms: int


class Conversation:
    """Utterances go in, commands for the session come out, results move `chain`."""

    def __init__(self, records: Records, terms: Terms, cursor: int) -> None:
        self.chain = Chain(cursor)
        self.audio = AudioBuffer()
        self._records = records
        self._terms = terms
        self._utterances: deque[Utterance] = deque()
        self._log: SessionLog | None = None
        self._opened = 0
        self._attempt = 0
        self._retry_at_ms: float | None = None
        self._idle_since_ms = 0.0
        self._partial_shown = False

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        if self._retry_at_ms is not None:
            return self._retry_at_ms
        if self._log and not self._utterances:
            return self._idle_since_ms + self._terms.session_idle_ms
        asked = self._utterances[0].asked_at_ms if self._utterances else None
        return None if asked is None else asked + self._terms.capabilities.final_timeout_ms

    def unsent_bytes(self, position: int) -> int:
        """Speech no session has been given yet."""
        unsent = sum((u.to_sample or position) - u.sent_to for u in self._utterances)
        return max(0, unsent) * BYTES_PER_SAMPLE

    def begin(self, from_sample: int, now: Moment) -> list[Command]:
        """Speech begins."""
        self._utterances.append(Utterance(from_sample, sent_to=from_sample))
        return self._open(now) if self._log is None and self._retry_at_ms is None else []

    def flow(self, position: int, now: Moment) -> list[Command]:
        """Send what is there up to `position`, and ask for a final where an utterance is over."""
        commands: list[Command] = []
        for utterance in self._utterances if self._log else ():
            commands += self._send(utterance, position, now)
        return commands

    def finish(self, ended: SpeechEnded, now: Moment) -> list[Command]:
        """The open utterance is over."""
        utterance = self._utterances[-1]
        utterance.to_sample, utterance.last_speech_sample = ended.to_sample, ended.last_speech_sample
        if self._log:
            self._log.speech_ms += samples_to_ms(max(0, ended.last_speech_sample - utterance.from_sample))
        return self.flow(ended.to_sample, now)

    def final_asked(self, now: Moment) -> None:
        """The oldest Finalize was handed to the provider: from now on it must answer."""
        waiting = next((u for u in self._utterances if u.finalized and u.asked_at_ms is None), None)
        if waiting:
            waiting.asked_at_ms = now.ms

    def provider(self, event: ProviderEvent, now: Moment) -> list[Command]:
        """What the present session said."""
        if self._log is None:
            return []
        if isinstance(event, ProviderReady):
            return [self._note(SessionKind.READY, self._log, now)]
        if isinstance(event, ProviderFailed):
            return self._failed(event, self._log, now)
        if not self._log.timeline.sent_samples:
            return []
        self._attempt = 0
        self._log.answered(now)
        if event.kind is ResultKind.PARTIAL:
            return self._partial(event, self._log, now)
        return self._final(event, self._log, now)

    def tick(self, position: int, now: Moment) -> list[Command]:
        """Do what is due."""
        if self.deadline_ms is None or now.ms < self.deadline_ms:
            return []
        if self._retry_at_ms is not None:
            self._retry_at_ms = None
            return [*self._open(now), *self.flow(position, now)] if self._utterances else []
        assert self._log
        if self._utterances:
            return self._failed(ProviderFailed(SttErrorClass.TRANSIENT, "final_timeout"), self._log, now)
        log, self._log = self._log, None
        return [Close(), self._note(SessionKind.CLOSED, log, now)]

    def _open(self, now: Moment) -> list[Command]:
        self._opened += 1
        self._attempt += 1
        session_id = self._records.session_id(self._terms.worker_id, self._opened)
        request = SessionRequest(session_id, self._records.speaker_key, self._attempt)
        self._log = SessionLog(request)
        return [Open(request), self._note(SessionKind.OPENED, self._log, now)]

    def _send(self, utterance: Utterance, position: int, now: Moment) -> list[Command]:
        assert self._log
        commands: list[Command] = []
        end = position if utterance.to_sample is None else utterance.to_sample
        if end > utterance.sent_to:
            pcm = self.audio.read(utterance.sent_to, end)
            self._log.sent(utterance.sent_to, len(pcm) // BYTES_PER_SAMPLE, now)
            utterance.sent_to = end
            commands.append(Send(pcm))
        if utterance.to_sample is not None and not utterance.finalized:
            utterance.finalized = True
            commands.append(Finalize())
        return commands

    def _failed(self, failure: ProviderFailed, log: SessionLog, now: Moment) -> list[Command]:
        self._log = None
        self._retry_at_ms = now.ms + min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** min(max(self._attempt - 1, 0), 10))
        replay_from = self.chain.cursor - self._terms.preroll_samples
        for utterance in self._utterances:
            utterance.sent_to = max(utterance.from_sample, replay_from)
            utterance.finalized, utterance.asked_at_ms = False, None
        return [Close(), self._note(SessionKind.FAILED, log, now, failure)]

    def _partial(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        speaker = self.chain.speaking
        to_sample = self._heard_to(said, log)
        words = within(placed(said.words, log.timeline, final=False), self.chain.cursor, to_sample)
        if speaker is None or not (words or self._partial_shown):
            return []
        self._partial_shown = bool(words)
        cursor, session = self.chain.cursor, log.request.session_id
        return [Emit(self._records.partial((cursor, to_sample), words, said, session, speaker, now))]

    def _final(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        words = placed(said.words, log.timeline, final=True)
        to_sample, before = self._heard_to(said, log), self.chain.cursor
        steps = self.chain.settle(to_sample)
        commands: list[Command] = [Emit(self._settled(step, words, said, log, now)) for step in steps]
        refused = len(words) - len(within(words, before, self.chain.cursor))
        if refused:
            commands.append(Dropped("outside_span", refused))
        self._partial_shown = False
        return commands + self._answered(to_sample, log, now)

    def _settled(
        self, step: Step, words: tuple[Word, ...], said: ProviderResult, log: SessionLog, now: Moment
    ) -> ResultEvent:
        if step.piece.skip or said.kind is ResultKind.SKIPPED:
            return self._records.skipped(step, now)
        reason = step.piece.end if step.whole and step.piece.end else TurnReason.NONE
        if said.kind is ResultKind.END_OF_TURN and reason is TurnReason.NONE:
            reason = TurnReason.ENDPOINT
        accepted = within(words, step.from_sample, step.to_sample)
        return self._records.settled(step, accepted, said, log.request.session_id, reason, now)

    def _answered(self, to_sample: int, log: SessionLog, now: Moment) -> list[Command]:
        """Forget the utterances the final covers."""
        commands: list[Command] = []
        while self._utterances and (end := self._utterances[0].to_sample) is not None and end <= to_sample:
            latency_ms = self._records.since_ms(self._utterances.popleft().last_speech_sample, now)
            log.finalised(latency_ms)
            commands.append(Answered(latency_ms))
            self._idle_since_ms = now.ms
        return commands

    def _heard_to(self, said: ProviderResult, log: SessionLog) -> int:
        return log.timeline.end(min(max(said.to_sample, 1), log.timeline.sent_samples))

    def _note(self, kind: SessionKind, log: SessionLog, now: Moment, failure: ProviderFailed | None = None) -> Note:
        return Note(
            self._records.session(kind, log, now, failure) if failure else self._records.session(kind, log, now)
        )
