"""One stream's talk with its providers: which utterances were said, sent and answered, over as many sessions as it takes.

Pure. Speech opens a session with the provider the route names, idleness closes it. When it dies, every utterance that is
not settled is sent again on the next one, from the cursor minus the preroll. A session that nears its limit, or that is
not with the best provider to be had, gets a successor first, which takes over in a silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, samples_to_ms
from schemas.vocabulary import ResultKind, SessionKind, SttErrorClass
from stream_processors.transcription.audio_buffer import AudioBuffer
from stream_processors.transcription.chain import Chain
from stream_processors.transcription.commands import (
    Answered,
    Close,
    Command,
    Done,
    Finalize,
    Note,
    Open,
    Send,
    SessionNews,
)
from stream_processors.transcription.gate import SpeechEnded
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import (
    Capabilities,
    ProviderFailed,
    ProviderReady,
    ProviderResult,
    SessionRequest,
)
from stream_processors.transcription.records import Records
from stream_processors.transcription.replies import Replies, heard_to
from stream_processors.transcription.routing.breaker import YOUNG_MS
from stream_processors.transcription.routing.choice import Grant, Wait
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.session_log import SessionLog
from stream_processors.transcription.sessions import Sessions
from stream_processors.transcription.utterance import Utterance, Utterances
from stream_processors.transcription.watchdog import NEVER, REMEDIES

LATE_SAMPLES = SAMPLE_RATE_HZ
LATE_UTTERANCES = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """What a conversation is held on; `capabilities` by provider."""

    capabilities: Mapping[str, Capabilities]
    worker_id: str
    preroll_samples: int
    session_idle_ms: int


class Conversation:
    """Utterances go in, commands for sessions come out, results move `chain`."""

    def __init__(self, records: Records, terms: Terms, route: Route, cursor: int) -> None:
        self.chain = Chain(cursor)
        self.audio = AudioBuffer()
        self._records = records
        self._terms = terms
        self._route = route
        self._replies = Replies(records, self.chain)
        self._utterances = Utterances()
        self._sessions = Sessions()
        self._position = cursor
        self._opened = 0
        self._attempt = 0
        self._ask_at_ms = NEVER
        self._successor_at_ms = float("-inf")
        self._idle_since_ms = 0.0
        self._broken: tuple[str, ProviderFailed] | None = None

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        if self._route.news:
            return float("-inf")
        due = [self._ask_at_ms, *(at_ms for log in self._sessions for at_ms, _ in self._deaths(log))]
        newest = self._sessions.newest
        if newest:
            due.append(self._idle_at_ms)
            due.append(self._prepare_at_ms(newest))
            if newest.is_ready and self._utterances.unsent(self._position):
                due.append(newest.pacer.next_ms())
        first = min(due)
        return None if first == NEVER else first

    @property
    def late(self) -> bool:
        """Whether so much waits that what is said now is old."""
        return self._utterances.unsent(self._position) > LATE_SAMPLES or len(self._utterances) > LATE_UTTERANCES

    @property
    def unsent_bytes(self) -> int:
        """Speech no session has been given yet."""
        return self._utterances.unsent(self._position) * BYTES_PER_SAMPLE

    def begin(self, from_sample: int, now: Moment) -> list[Command]:
        """Speech begins."""
        self._utterances.begin(from_sample)
        self._position = max(self._position, from_sample)
        return self._prepare(now) if self._sessions.newest else self._connect(now)

    def flow(self, position: int, now: Moment) -> list[Command]:
        """Send what is there up to `position` and may be sent, and ask for a final where an utterance is over."""
        self._position = position
        commands: list[Command] = []
        for utterance in self._utterances:
            log = self._session_for(utterance, now)
            if log is None or not log.is_ready:
                break
            commands += self._send(utterance, log, now)
            if utterance.sent_to < utterance.end(position):
                break
        return commands

    def finish(self, ended: SpeechEnded, now: Moment) -> list[Command]:
        """The open utterance is over."""
        utterance = self._utterances.finish(ended)
        if log := self._sessions.newest:
            log.speech_ms += samples_to_ms(max(0, ended.last_speech_sample - utterance.from_sample))
        return self.flow(max(self._position, ended.to_sample), now)

    def session(self, session_id: str, news: SessionNews, now: Moment) -> list[Command]:
        """What happened on a session; a session that was let go of is not listened to."""
        log = self._sessions.find(session_id)
        if log is None:
            return []
        match news:
            case Done():
                self._done(news, log, now)
                return []
            case ProviderReady():
                log.ready(now)
                return [self._note(SessionKind.READY, log, now), *self.flow(self._position, now)]
            case ProviderFailed():
                return self._failed(news, log, now)
            case ProviderResult():
                return self._said(news, log, now) if log.timeline.sent_samples else []

    def tick(self, position: int, now: Moment) -> list[Command]:
        """Do what is due."""
        self._position = max(self._position, position)
        commands = self._alerts(now)
        for log in list(self._sessions):
            dead = next((code for at_ms, code in self._deaths(log) if at_ms <= now.ms), None)
            if dead:
                failure = ProviderFailed(SttErrorClass.TRANSIENT, dead, REMEDIES[dead])
                return commands + self._failed(failure, log, now)
        if self._ask_at_ms <= now.ms:
            self._ask_at_ms = NEVER
            commands += self._connect(now)
        if newest := self._sessions.newest:
            if self._idle_at_ms <= now.ms:
                return commands + self.let_go(now)
            commands += self._prepare(now) if self._prepare_at_ms(newest) <= now.ms else []
        return commands + self.flow(self._position, now) + self._retire(now)

    def let_go(self, now: Moment) -> list[Command]:
        """Close what is open; utterances that are not settled wait for another session."""
        gone = self._sessions.end_all()
        self._take_back(gone)
        return [command for log in gone for command in self._closed(log, now)]

    @property
    def _idle_at_ms(self) -> float:
        return NEVER if len(self._utterances) else self._idle_since_ms + self._terms.session_idle_ms

    def _prepare_at_ms(self, newest: SessionLog) -> float:
        """When a successor should be opened because the session nears its limit; it is only worth one while it is used."""
        alone = self._sessions.oldest is newest and len(self._utterances)
        return max(newest.soft_limit_ms, self._successor_at_ms) if alone else NEVER

    def _deaths(self, log: SessionLog) -> list[tuple[float, str]]:
        """When the session counts as dead, and why, as things stand."""
        asked = self._utterances.asked_at_ms(log.id)
        final_at_ms = NEVER if asked is None else asked + log.capabilities.final_timeout_ms
        return [log.watchdog.due, (final_at_ms, "final_timeout")]

    def _connect(self, now: Moment) -> list[Command]:
        """Open a session when an utterance waits for one and the route lets us."""
        if self._sessions.newest or not len(self._utterances) or self._ask_at_ms != NEVER:
            return []
        asked = self._route.ask(now.ms)
        alerts = self._alerts(now)
        if isinstance(asked, Wait):
            self._ask_at_ms = asked.until_ms
            return alerts
        return alerts + self._open(asked, now)

    def _prepare(self, now: Moment) -> list[Command]:
        """Open a successor where the only session nears its limit, or a better provider may be tried."""
        log = self._sessions.newest
        if log is None or log is not self._sessions.oldest or not log.is_ready:
            return []
        if log.soft_limit_ms > now.ms:
            better = self._route.ask_better(log.grant, now.ms)
            return self._open(better, now) if better else []
        asked = self._route.ask(now.ms)
        if isinstance(asked, Wait):
            self._successor_at_ms = asked.until_ms
            return []
        return self._open(asked, now)

    def _open(self, grant: Grant, now: Moment) -> list[Command]:
        self._opened += 1
        self._attempt += 1
        self._ask_at_ms = NEVER
        session_id = self._records.session_id(self._terms.worker_id, self._opened, now)
        request = SessionRequest(session_id, self._records.speaker_key, self._attempt)
        provider = grant.choice.provider
        log = SessionLog(request, self._terms.capabilities[provider], grant, now)
        self._sessions.add(log)
        commands: list[Command] = [Open(provider, request), self._note(SessionKind.OPENED, log, now)]
        if self._broken and self._broken[0] != provider:
            commands.append(self._note(SessionKind.FAILOVER, log, now, self._broken[1]))
        return commands

    def _session_for(self, utterance: Utterance, now: Moment) -> SessionLog | None:
        if not utterance.session_id:
            log = self._sessions.for_next(now.ms, contiguous=utterance.contiguous)
            utterance.session_id = log.id if log else ""
            if log:
                log.used = True
            return log
        return self._sessions.find(utterance.session_id)

    def _send(self, utterance: Utterance, log: SessionLog, now: Moment) -> list[Command]:
        commands: list[Command] = []
        end = utterance.end(self._position)
        allowed = log.pacer.allowed(end - utterance.sent_to, now.ms)
        if allowed > 0:
            pcm = self.audio.read(utterance.sent_to, utterance.sent_to + allowed)
            log.sent(utterance.sent_to, len(pcm) // BYTES_PER_SAMPLE, now)
            utterance.sent_to += allowed
            commands.append(Send(log.id, pcm))
        if utterance.sent_to == utterance.to_sample and not utterance.finalized:
            utterance.finalized = True
            commands.append(Finalize(log.id))
        return commands

    def _done(self, done: Done, log: SessionLog, now: Moment) -> None:
        if isinstance(done.command, Send):
            log.watchdog.taken(len(done.command.pcm) // BYTES_PER_SAMPLE, now.ms)
        else:
            self._utterances.final_asked(log.id, now.ms)

    def _failed(self, failure: ProviderFailed, log: SessionLog, now: Moment) -> list[Command]:
        """The session is dead, and with it the one that took over, whose audio comes after what must be sent again."""
        gone = self._sessions.end(log)
        self._route.failed(log.grant, failure, now.ms, answered=log.has_answered)
        self._take_back(gone)
        self._broken = (log.capabilities.provider, failure)
        commands: list[Command] = [Close(log.id)]
        if failure.error_class is SttErrorClass.THROTTLED:
            commands.append(self._note(SessionKind.THROTTLED, log, now, failure))
        commands.append(self._note(SessionKind.FAILED, log, now, failure))
        for successor in gone[1:]:
            commands += self._closed(successor, now)
        return [*commands, *self._alerts(now), *self._connect(now), *self.flow(self._position, now)]

    def _take_back(self, gone: list[SessionLog]) -> None:
        self._utterances.take_back([log.id for log in gone], self.chain.cursor - self._terms.preroll_samples)

    def _closed(self, log: SessionLog, now: Moment) -> list[Command]:
        self._route.closed(log.grant, now.ms)
        return [Close(log.id), self._note(SessionKind.CLOSED, log, now)]

    def _said(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        log.answered(now)
        self._route.answered(log.grant, now.ms)
        self._broken = None
        if now.ms - log.grant.granted_at_ms >= YOUNG_MS:
            self._attempt = 0
        commands = self._alerts(now) + self._retire(now)
        if log is not self._sessions.oldest:
            log.held.append(said)
            return commands
        return commands + self._reply(said, log, now) + self._retire(now)

    def _reply(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        if said.kind is ResultKind.PARTIAL:
            return [] if self.late else self._replies.partial(said, log, now)
        commands = self._replies.final(said, log, now)
        for utterance in self._utterances.settled(heard_to(said, log)):
            latency_ms = self._records.since_ms(utterance.last_speech_sample, now)
            log.finalised(latency_ms)
            self._idle_since_ms = now.ms
            commands.append(Answered(log.capabilities.provider, latency_ms))
        return commands

    def _retire(self, now: Moment) -> list[Command]:
        """Close the session whose successor has taken over once it has answered everything; then hear the successor."""
        oldest, newest = self._sessions.oldest, self._sessions.newest
        if oldest is None or newest is None or oldest is newest or not newest.used:
            return []
        if next(self._utterances.of(oldest.id), None):
            return []
        self._sessions.remove(oldest)
        commands = self._closed(oldest, now)
        while newest.held:
            commands += self._reply(newest.held.popleft(), newest, now)
        return commands

    def _alerts(self, now: Moment) -> list[Command]:
        """What this stream has to write down, for its bot, about providers that are out or back."""
        return [
            Note(
                self._records.alert(alarm, self._terms.capabilities[alarm.choice.provider], self._terms.worker_id, now)
            )
            for alarm in self._route.alarms()
        ]

    def _note(self, kind: SessionKind, log: SessionLog, now: Moment, failure: ProviderFailed | None = None) -> Note:
        return Note(
            self._records.session(kind, log, now, failure) if failure else self._records.session(kind, log, now)
        )
