"""SHELL: one stream and epoch from chunk to result: sequencer, quality, voice detector, machine, provider session.

The pipeline of a stream on one page; it decides nothing.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from schemas.events import AudioChunk, QualityWindow, ResultEvent, SessionEvent
from schemas.telemetry import STT_FINAL_LATENCY, STT_SEND_DELAY, WORDS_DROPPED
from schemas.timebase import SAMPLES_PER_UNIT, Clock, ms_to_samples
from schemas.topics import AUDIO_QUALITY, STT_RESULTS, STT_SESSIONS, Topic
from stream_processors.sequencing.quality import Quality
from stream_processors.sequencing.sequencer import Sequencer
from stream_processors.sequencing.span import Span
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.hearing.vad import Confirmer, Vad
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.providers.interface import Provider, SessionRequest
from stream_processors.transcription.routing.choice import Asker, Choice
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.commands import (
    Answered,
    Close,
    Command,
    Done,
    Dropped,
    Emit,
    Finalize,
    Note,
    Open,
    Send,
    SessionNews,
)
from stream_processors.transcription.stream.conversation import Conversation
from stream_processors.transcription.stream.records import Records
from stream_processors.transcription.stream.session import Session
from stream_processors.transcription.stream.stream import Stream
from stream_processors.transcription.stream.switchboard import Terms

Written = ResultEvent | SessionEvent | QualityWindow
Write = Callable[[Topic, Written], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every pipeline of a worker works with."""

    providers: Mapping[str, Provider]
    choices: tuple[Choice, ...]
    router: Router
    clock: Clock
    gate: GateSettings
    label: str
    worker_id: str
    session_idle_ms: int
    idle_stream_ms: int
    confirmer: Callable[[], Confirmer] | None = None

    def now(self) -> Moment:
        return Moment(self.clock.now_us(), self.clock.monotonic_ms())

    def open(self, provider: str, request: SessionRequest, tell: Callable[[str, SessionNews], None]) -> Session:
        """A session with a provider; `tell` gets what happens on it."""
        return Session(self.providers[provider], request, tell)

    @property
    def terms(self) -> Terms:
        """What every conversation is held on."""
        capabilities = {name: provider.capabilities for name, provider in self.providers.items()}
        return Terms(capabilities, self.worker_id, ms_to_samples(self.gate.preroll_ms), self.session_idle_ms)


class Pipeline:
    """`first` is the first chunk this owner sees; `cursor` is K when results of an owner before say so, else None.

    `write` takes the records; a ResultEvent may come again after a crash, with the same ids.
    """

    def __init__(self, bench: Bench, first: AudioChunk, span: Span, cursor: int | None, write: Write) -> None:
        records = Records(first, bench.label)
        start = span.from_sample if cursor is None else cursor
        asker = Asker(first.bot_id, f"{first.stream_id}/{first.epoch}")
        route = Route(bench.router, bench.choices, asker, bench.worker_id)
        conversation = Conversation(records, bench.terms, route, start)
        self._bench = bench
        self._write = write
        # what lies between K and the first record read may still come, out of order
        self._sequencer = Sequencer(None if cursor is None else min(span.seq, cursor // SAMPLES_PER_UNIT))
        self._quality = Quality(first, resumed=cursor is not None)
        self._vad = Vad(bench.confirmer() if bench.confirmer else None)
        self._stream = Stream(records, conversation, bench.gate, from_sample=span.from_sample, cursor=start)
        self._sessions: dict[str, Session] = {}
        self._handed: dict[str, deque[int]] = {}
        self._appended_at_ms = 0
        self._fed_at_ms = 0.0
        self.idle = False

    @property
    def unsent_bytes(self) -> int:
        """Speech that no provider has taken yet."""
        return self._stream.unsent_bytes + sum(session.unsent_bytes for session in self._sessions.values())

    def feed(self, chunk: AudioChunk, span: Span, appended_at_ms: int) -> None:
        """The next chunk from the log."""
        now = self._bench.now()
        self.touch(now)
        self.idle = False
        self._appended_at_ms = appended_at_ms
        self._quality.arrived(chunk, appended_at_ms)
        sequenced = self._sequencer.accept(span)
        self._quality.sequenced(sequenced)
        self._hear(sequenced.ordered, now)
        self._publish_quality(now)

    def tick(self, now: Moment) -> None:
        """What the passing of time asks for."""
        deadline_ms = self._stream.deadline_ms
        if deadline_ms is not None and now.ms >= deadline_ms:
            self._do(self._stream.tick(now))
        if not self.idle and now.ms - self._fed_at_ms >= self._bench.idle_stream_ms:
            self.end()

    def touch(self, now: Moment) -> None:
        """Not idle: records come, or are kept back on purpose."""
        self._fed_at_ms = now.ms

    def end(self) -> None:
        """Nothing more is coming for now: settle everything that is here."""
        now = self._bench.now()
        self.idle = True
        rest = self._sequencer.flush()
        self._quality.ordered(rest)
        self._hear(rest, now)
        self._publish_quality(now, all_of_it=True)
        self._do(self._stream.end(now))

    def close(self) -> None:
        """Let go of the providers; what is not settled is the next owner's."""
        self._do(self._stream.let_go(self._bench.now()))

    def _hear(self, spans: Iterable[Span], now: Moment) -> None:
        for span in spans:
            heard = self._vad.hear(span.pcm, in_doubt=self._stream.in_doubt)
            self._do(self._stream.heard(span, heard, now))

    def _publish_quality(self, now: Moment, *, all_of_it: bool = False) -> None:
        for window in self._quality.publish(self._sequencer.next_seq or 0, now.us, all_of_it=all_of_it):
            self._write(AUDIO_QUALITY, window)

    def _told(self, session_id: str, news: SessionNews) -> None:
        now = self._bench.now()
        if isinstance(news, Done):
            self._measure(news, self._handed[session_id].popleft(), now)
        self._do(self._stream.session(session_id, news, now))

    def _measure(self, done: Done, appended_at_ms: int, now: Moment) -> None:
        if isinstance(done.command, Send):
            STT_SEND_DELAY.observe(now.us / 1e6 - appended_at_ms / 1e3)

    def _do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Emit(result):
                    self._write(STT_RESULTS, result)
                case Note(event):
                    self._write(STT_SESSIONS, event)
                case Open(provider, request):
                    self._sessions[request.session_id] = self._bench.open(provider, request, self._told)
                    self._handed[request.session_id] = deque()
                case Close(session_id):
                    self._sessions.pop(session_id).close()
                    self._handed.pop(session_id)
                case Dropped(reason, words):
                    WORDS_DROPPED.labels(reason).inc(words)
                case Answered(provider, latency_ms):
                    STT_FINAL_LATENCY.labels(provider).observe(latency_ms / 1000)
                case Send(session_id) | Finalize(session_id):
                    self._handed[session_id].append(self._appended_at_ms)
                    self._sessions[session_id].put(command)
