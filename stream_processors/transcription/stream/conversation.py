"""One stream's talk with its providers: which utterances were said, sent and answered, over as many sessions as it takes.

Pure. Speech opens a session with the provider the route names, idleness closes it. When it dies, every utterance that is
not settled is sent again on the next one, from the cursor minus the preroll. A session that nears its limit, or that is
not with the best provider to be had, gets a successor first, which takes over in a silence.
"""

from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, samples_to_ms
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.hearing.gate import SpeechEnded
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import ProviderFailed, ProviderReady, ProviderResult
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.sessions.session_log import SessionLog
from stream_processors.transcription.sessions.watchdog import NEVER, REMEDIES, Due
from stream_processors.transcription.stream.audio_buffer import AudioBuffer
from stream_processors.transcription.stream.chain import Chain
from stream_processors.transcription.stream.commands import Answered, Command, Done, Finalize, Send, SessionNews
from stream_processors.transcription.stream.records import Records
from stream_processors.transcription.stream.replies import Replies, heard_to
from stream_processors.transcription.stream.switchboard import Switchboard, Terms
from stream_processors.transcription.stream.utterance import Utterance, Utterances

LATE_SAMPLES = SAMPLE_RATE_HZ
LATE_UTTERANCES = 3


class Conversation:
    """Utterances go in, commands for sessions come out, results move `chain`."""

    def __init__(self, records: Records, terms: Terms, route: Route, cursor: int) -> None:
        self.chain = Chain(cursor)
        self.audio = AudioBuffer()
        self._records = records
        self._terms = terms
        self._replies = Replies(records, self.chain)
        self._utterances = Utterances()
        self._board = Switchboard(records, terms, route)
        self._position = cursor
        self._idle_since_ms = 0.0

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        if self._board.has_news:
            return float("-inf")
        newest = self._board.sessions.newest
        if newest is None:
            return None if self._board.ask_at_ms == NEVER else self._board.ask_at_ms
        due = [death.at_ms for log in self._board.sessions for death in self._deaths(log)]
        due += [log.account_at_ms for log in self._board.sessions]
        due.append(self._board.successor_at_ms if len(self._utterances) else self._idle_at_ms)
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
        return self._board.prepare(now) if self._board.sessions.newest else self._board.connect(now)

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
        if log := self._board.sessions.newest:
            log.speech_ms += samples_to_ms(max(0, ended.last_speech_sample - utterance.from_sample))
        return self.flow(max(self._position, ended.to_sample), now)

    def session(self, session_id: str, news: SessionNews, now: Moment) -> list[Command]:
        """What happened on a session; a session that was let go of is not listened to."""
        log = self._board.sessions.find(session_id)
        if log is None:
            return []
        match news:
            case Done():
                self._done(news, log, now)
                return []
            case ProviderReady():
                return self._board.ready(log, now) + self.flow(self._position, now)
            case ProviderFailed():
                return self._failed(news, log, now)
            case ProviderResult():
                return self._said(news, log, now) if log.timeline.sent_samples else []

    def tick(self, position: int, now: Moment) -> list[Command]:
        """Do what is due."""
        self._position = max(self._position, position)
        commands = self._board.alerts(now) + self._board.accounts(now)
        for log in list(self._board.sessions):
            dead = next((death.code for death in self._deaths(log) if death.at_ms <= now.ms), None)
            if dead:
                failure = ProviderFailed(SttErrorClass.TRANSIENT, dead, REMEDIES[dead])
                return commands + self._failed(failure, log, now)
        if len(self._utterances):
            commands += self._board.connect(now)
            commands += self._board.prepare(now) if self._board.successor_at_ms <= now.ms else []
        elif self._idle_at_ms <= now.ms:
            return commands + self.let_go(now)
        return commands + self.flow(self._position, now) + self._retire(now)

    def let_go(self, now: Moment) -> list[Command]:
        """Close what is open; utterances that are not settled wait for another session."""
        gone = self._board.sessions.end_all()
        self._take_back(gone)
        return [command for log in gone for command in self._board.closed(log, now)]

    @property
    def _idle_at_ms(self) -> float:
        return self._idle_since_ms + self._terms.session_idle_ms

    def _deaths(self, log: SessionLog) -> list[Due]:
        """When the session counts as dead, and why, as things stand."""
        asked_at_ms = self._utterances.asked_at_ms(log.id)
        final_at_ms = NEVER if asked_at_ms is None else asked_at_ms + log.capabilities.final_timeout_ms
        return [log.watchdog.due, Due(final_at_ms, "final_timeout")]

    def _session_for(self, utterance: Utterance, now: Moment) -> SessionLog | None:
        if not utterance.session_id:
            log = self._board.sessions.for_next(now.ms, contiguous=utterance.contiguous)
            if log:
                utterance.session_id, log.used = log.id, True
            return log
        return self._board.sessions.find(utterance.session_id)

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
        gone = self._board.sessions.end(log)
        self._take_back(gone)
        commands = self._board.failed(failure, gone, now)
        if len(self._utterances):
            commands += self._board.connect(now)
        return commands + self.flow(self._position, now)

    def _take_back(self, gone: list[SessionLog]) -> None:
        self._utterances.take_back([log.id for log in gone], self.chain.cursor - self._terms.preroll_samples)

    def _said(self, said: ProviderResult, log: SessionLog, now: Moment) -> list[Command]:
        commands = self._board.answered(log, now) + self._retire(now)
        if log is not self._board.sessions.oldest:
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
        oldest, newest = self._board.sessions.oldest, self._board.sessions.newest
        if oldest is None or newest is None or oldest is newest or not newest.used:
            return []
        if next(self._utterances.of(oldest.id), None):
            return []
        self._board.sessions.remove(oldest)
        commands = self._board.closed(oldest, now)
        while newest.held:
            commands += self._reply(newest.held.popleft(), newest, now)
        return commands
