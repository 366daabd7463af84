"""The sessions of one stream with its providers: who is called, when again, by whom a session is followed, what is noted."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.vocabulary import SessionKind, SttErrorClass
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import Capabilities, ProviderFailed, SessionRequest
from stream_processors.transcription.routing.breaker import YOUNG_MS
from stream_processors.transcription.routing.choice import Grant, Wait
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.sessions.session_log import SessionLog
from stream_processors.transcription.sessions.sessions import Sessions
from stream_processors.transcription.sessions.watchdog import NEVER
from stream_processors.transcription.stream.commands import Close, Command, Note, Open
from stream_processors.transcription.stream.records import NO_FAILURE, Records


@dataclass(frozen=True, slots=True)
class Terms:
    """What a conversation is held on; `capabilities` by provider."""

    capabilities: Mapping[str, Capabilities]
    worker_id: str
    preroll_samples: int
    session_idle_ms: int


class Switchboard:
    """`ask_at_ms` is when the route wants to be asked again for a first session, never while nobody waits for one."""

    def __init__(self, records: Records, terms: Terms, route: Route) -> None:
        self.sessions = Sessions()
        self.ask_at_ms = NEVER
        self._records = records
        self._terms = terms
        self._route = route
        self._opened = 0
        self._attempt = 0
        self._successor_at_ms = float("-inf")
        self._broken: tuple[str, ProviderFailed] | None = None

    @property
    def has_news(self) -> bool:
        """Whether an alarm may have begun or ended."""
        return self._route.news

    @property
    def successor_at_ms(self) -> float:
        """When the only session needs a successor, because its limit is near."""
        newest = self.sessions.newest
        alone = newest is not None and newest is self.sessions.oldest
        return max(newest.soft_limit_ms, self._successor_at_ms) if newest and alone else NEVER

    def connect(self, now: Moment) -> list[Command]:
        """Open a session, unless there is one or the route said when to ask again."""
        if self.sessions.newest or now.ms < self.ask_at_ms != NEVER:
            return []
        self.ask_at_ms = NEVER
        asked = self._route.ask(now.ms)
        alerts = self.alerts(now)
        if isinstance(asked, Wait):
            self.ask_at_ms = asked.until_ms
            return alerts
        return alerts + self._open(asked, now)

    def prepare(self, now: Moment) -> list[Command]:
        """Open a successor where the only session nears its limit, or a better provider may be tried."""
        log = self.sessions.newest
        if log is None or log is not self.sessions.oldest or not log.is_ready:
            return []
        if log.soft_limit_ms > now.ms:
            better = self._route.ask_better(log.grant, now.ms)
            return self._open(better, now) if better else []
        asked = self._route.ask(now.ms)
        if isinstance(asked, Wait):
            self._successor_at_ms = asked.until_ms
            return []
        return self._open(asked, now)

    def ready(self, log: SessionLog, now: Moment) -> list[Command]:
        """The session is open."""
        log.ready(now)
        return [self._note(SessionKind.READY, log, now)]

    def accounts(self, now: Moment) -> list[Command]:
        """What sessions have cost so far: a worker that is killed closes none, and its bill must be known all the same."""
        commands: list[Command] = []
        for log in self.sessions:
            if log.account_at_ms <= now.ms:
                log.accounts += 1
                commands.append(self._note(SessionKind.READY, log, now))
        return commands

    def answered(self, log: SessionLog, now: Moment) -> list[Command]:
        """The session gave a result."""
        log.answered(now)
        self._route.answered(log.grant, now.ms)
        self._broken = None
        if now.ms - log.grant.granted_at_ms >= YOUNG_MS:
            self._attempt = 0
        return self.alerts(now)

    def failed(self, failure: ProviderFailed, gone: list[SessionLog], now: Moment) -> list[Command]:
        """The first of `gone` died, and took the others with it."""
        log, *successors = gone
        self._route.failed(log.grant, failure, now.ms, answered=log.has_answered)
        self._broken = (log.capabilities.provider, failure)
        commands: list[Command] = [Close(log.id)]
        if failure.error_class is SttErrorClass.THROTTLED:
            commands.append(self._note(SessionKind.THROTTLED, log, now, failure))
        commands.append(self._note(SessionKind.FAILED, log, now, failure))
        for successor in successors:
            commands += self.closed(successor, now)
        return commands + self.alerts(now)

    def closed(self, log: SessionLog, now: Moment) -> list[Command]:
        """We let go of a session."""
        self._route.closed(log.grant, now.ms)
        return [Close(log.id), self._note(SessionKind.CLOSED, log, now)]

    def alerts(self, now: Moment) -> list[Command]:
        """What this stream has to write down, for its bot, about providers that are out or back."""
        return [
            Note(
                self._records.alert(alarm, self._terms.capabilities[alarm.choice.provider], self._terms.worker_id, now)
            )
            for alarm in self._route.alarms()
        ]

    def _open(self, grant: Grant, now: Moment) -> list[Command]:
        self._opened += 1
        self._attempt += 1
        provider = grant.choice.provider
        session_id = self._records.session_id(self._terms.worker_id, self._opened, now)
        request = SessionRequest(session_id, self._records.speaker_key, self._attempt)
        log = SessionLog(request, self._terms.capabilities[provider], grant, now)
        self.sessions.add(log)
        commands: list[Command] = [Open(provider, request), self._note(SessionKind.OPENED, log, now)]
        if self._broken and self._broken[0] != provider:
            commands.append(self._note(SessionKind.FAILOVER, log, now, self._broken[1]))
        return commands

    def _note(self, kind: SessionKind, log: SessionLog, now: Moment, failure: ProviderFailed = NO_FAILURE) -> Note:
        return Note(self._records.session(kind, log, now, failure))
