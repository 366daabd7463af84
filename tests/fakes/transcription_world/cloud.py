"""Providers that hear only the bytes they are sent, with every way to fail, and the sessions a pipeline has with them."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from schemas.timebase import ms_to_samples
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.providers.interface import (
    BilledBy,
    Capabilities,
    Price,
    ProviderEvent,
    ProviderFailed,
    ProviderResult,
    SessionRequest,
)
from stream_processors.transcription.stream.commands import Done, Finalize, Send, SessionNews
from tests.fakes.scripted_provider import ScriptedSession

Tell = Callable[[str, SessionNews], None]
NAMES = ("first", "second", "third")


def capabilities(
    name: str, pace: float = 1.5, limit_ms: int | None = None, final_timeout_ms: int = 4_000
) -> Capabilities:
    """What the clouds of a world are like."""
    return Capabilities(
        provider=name,
        model="runs",
        language="en",
        final_timeout_ms=final_timeout_ms,
        pace=pace,
        session_limit_ms=limit_ms,
        price=Price(BilledBy.SESSION_OPEN, 150_000),
        silent_after_ms=5_000,
        stuck_after_ms=2_000,
    )


@dataclass
class Cloud:
    """Every provider there is. `refuses` are those that open no session now, `refused_voices` whom nobody hears, and how."""

    seed: int
    refuses: dict[str, ProviderFailed] = field(default_factory=dict)
    refused_voices: dict[str, ProviderFailed] = field(default_factory=dict)
    sessions: list["CloudSession"] = field(default_factory=list)
    latency_ms: float = 300.0
    opened: int = 0
    most_open: int = 0

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)

    def open(self, worker: str, provider: str, request: SessionRequest, tell: Tell, now_ms: float) -> "CloudSession":
        session = CloudSession(self, provider, request, tell, now_ms)
        session.worker = worker
        self.sessions.append(session)
        self.opened += 1
        self.most_open = max(self.most_open, len(self.sessions))
        return session

    def step(self, now_ms: float) -> None:
        """Everything that is said by now is heard."""
        for session in list(self.sessions):
            session.step(now_ms)

    def some_session(self) -> "CloudSession | None":
        return self.luck.choice(self.sessions) if self.sessions else None


class CloudSession:
    """One session, as a pipeline holds it; half of them close spans by themselves. `stuck` and `odd` are faults."""

    def __init__(self, cloud: Cloud, provider: str, request: SessionRequest, tell: Tell, now_ms: float) -> None:
        self.unsent_bytes = 0
        self.stuck = self.odd = False
        self.provider = provider
        self.worker = ""
        self._cloud = cloud
        self._tell = tell
        self._id = request.session_id
        self._heard = ScriptedSession()
        self._heard.own_finals = cloud.luck.random() < 0.5
        self._queue: deque[Send | Finalize] = deque()
        self._saying: deque[tuple[float, ProviderEvent]] = deque()
        self._failure = cloud.refuses.get(provider) or cloud.refused_voices.get(request.speaker_key)
        self._speaks_at_ms = now_ms + cloud.luck.uniform(0, cloud.latency_ms)

    def belongs_to(self, worker: str) -> bool:
        return self.worker == worker

    def put(self, command: Send | Finalize) -> None:
        self._queue.append(command)
        self.unsent_bytes += len(command.pcm) if isinstance(command, Send) else 0

    def close(self) -> None:
        if self in self._cloud.sessions:
            self._cloud.sessions.remove(self)
        self._tell = _nobody

    def mute(self) -> None:
        """It takes everything and says nothing any more."""
        self._heard.mute = True
        self._saying.clear()

    def die(self, failure: ProviderFailed) -> None:
        self._failure = failure
        self._saying.clear()

    def step(self, now_ms: float) -> None:
        if now_ms < self._speaks_at_ms or self not in self._cloud.sessions:
            return
        if self._failure:
            self._cloud.sessions.remove(self)
            self._tell(self._id, self._failure)
            return
        self._take()
        while self._heard.says:
            self._say(self._heard.says.popleft(), now_ms)
        while self._saying and self._saying[0][0] <= now_ms:
            self._tell(self._id, self._saying.popleft()[1])

    def _take(self) -> None:
        while self._queue and not self.stuck:
            command = self._queue.popleft()
            if isinstance(command, Send):
                self._heard.send(command.pcm)
                self.unsent_bytes -= len(command.pcm)
            else:
                self._heard.finalize()
            self._tell(self._id, Done(command))

    def _say(self, event: ProviderEvent, now_ms: float) -> None:
        """Later, in order; an odd session's finals come late, twice, after an empty one, after partials that said more."""
        last = self._saying[-1][0] if self._saying else now_ms
        at_ms = max(last, now_ms + self._cloud.luck.uniform(0, self._cloud.latency_ms))
        self._saying.append((at_ms, event))
        if not self.odd or not isinstance(event, ProviderResult) or event.kind is ResultKind.PARTIAL:
            return
        more = replace(event, kind=ResultKind.PARTIAL, to_sample=event.to_sample + ms_to_samples(200))
        empty = replace(event, to_sample=max(0, event.to_sample - ms_to_samples(60_000)), words=())
        self._saying.pop()
        at_ms += 1_500
        self._saying += [(at_ms, more), (at_ms, empty), (at_ms, event), (at_ms, event)]


def _nobody(_: str, __: SessionNews) -> None:
    """A session that was closed is not listened to."""


FAILURES = (
    ProviderFailed(SttErrorClass.TRANSIENT, "1006", "see the provider's status page"),
    ProviderFailed(SttErrorClass.FATAL, "401", "set the key"),
    ProviderFailed(SttErrorClass.THROTTLED, "429", "raise the limit", retry_after_ms=3_000),
    ProviderFailed(SttErrorClass.PLANNED_EXPIRY, "3008"),
)
