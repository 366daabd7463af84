"""The life of one stream without Kafka: a log of chunks, workers that come and go, a log of results.

The same parts as in a worker, in the same order; the test says when each thing happens. The four rules that keep words
from being lost or doubled can be broken on purpose.
"""

from collections import deque
from dataclasses import dataclass, field

from schemas.events import AudioChunk, ResultEvent
from schemas.timebase import SAMPLES_PER_UNIT, ms_to_samples
from schemas.vocabulary import ResultKind, SkipReason, SttErrorClass
from stream_processors.sequencing.sequencer import Sequencer
from stream_processors.sequencing.span import Span, span_of
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.partitions.cursor import StreamCursor, committable
from stream_processors.transcription.providers.interface import ProviderFailed
from stream_processors.transcription.routing.choice import Asker
from stream_processors.transcription.routing.route import Route
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.commands import Command, Done, Emit, Finalize, Send
from stream_processors.transcription.stream.conversation import Conversation
from stream_processors.transcription.stream.records import Records
from stream_processors.transcription.stream.stream import Stream
from stream_processors.transcription.stream.switchboard import Terms
from tests.fakes.scripted_provider import CAPABILITIES, CHOICES, ScriptedProvider

GATE = GateSettings()
PREROLL = ms_to_samples(GATE.preroll_ms)
STEP_MS = 20
FINALS = (ResultKind.FINAL, ResultKind.END_OF_TURN)


@dataclass(frozen=True)
class Rules:
    """What a worker keeps to; a test breaks one to see that it matters."""

    commit_holds_back: bool = True
    cursor_is_read_back: bool = True


class Worker:
    """One owner of the stream, from `offset` on, with `cursor` read back from the results."""

    def __init__(self, number: int, offset: int, cursor: int | None) -> None:
        self.provider = ScriptedProvider()
        self.next_offset = offset
        self.in_flight: deque[ResultEvent] = deque()
        self._number = number
        self._restored = cursor
        self._sequencer = Sequencer()
        self._stream: Stream | None = None
        self.cursor = StreamCursor(cursor or 0, PREROLL)

    def read(self, chunk: AudioChunk, now: Moment) -> None:
        span = span_of(chunk)
        if self._stream is None:
            self._stream = self._begin(chunk, span)
        self.cursor.read(self.next_offset, span.to_sample)
        self.next_offset += 1
        for ordered in self._sequencer.accept(span).ordered:
            self._hear(ordered, now)

    def answer(self, now: Moment) -> None:
        """The provider says the next thing it has to say."""
        said = self.provider.next_said()
        if self._stream and said:
            self._do(self._stream.session(*said, now), now)

    def die(self, error_class: SttErrorClass, now: Moment) -> None:
        """The oldest session breaks; what it still had to say is lost."""
        session_id = next(iter(self.provider.sessions), None)
        if self._stream and session_id:
            self._do(self._stream.session(session_id, ProviderFailed(error_class, "scripted"), now), now)

    @property
    def deadline_ms(self) -> float | None:
        return self._stream.deadline_ms if self._stream else None

    def tick(self, now: Moment) -> None:
        if self._stream:
            self._do(self._stream.tick(now), now)

    def end(self, now: Moment) -> None:
        for span in self._sequencer.flush():
            self._hear(span, now)
        if self._stream:
            self._do(self._stream.end(now), now)

    def _begin(self, chunk: AudioChunk, span: Span) -> Stream:
        start = span.from_sample if self._restored is None else self._restored
        records = Records(chunk, "live")
        terms = Terms(CAPABILITIES, f"worker{self._number}", PREROLL, session_idle_ms=2_000)
        route = Route(Router(), CHOICES, Asker(chunk.bot_id, chunk.stream_id), terms.worker_id)
        self.cursor.acknowledged = start
        conversation = Conversation(records, terms, route, start)
        return Stream(records, conversation, GATE, from_sample=span.from_sample, cursor=start)

    def _hear(self, span: Span, now: Moment) -> None:
        assert self._stream
        speech = [any(span.pcm[at : at + 2]) for at in range(0, len(span.pcm), SAMPLES_PER_UNIT * 2)]
        self._do(self._stream.heard(span, speech, now), now)

    def _do(self, commands: list[Command], now: Moment) -> None:
        """Carry out; a provider takes everything at once."""
        for command in commands:
            if isinstance(command, Emit):
                self.in_flight.append(command.result)
                continue
            self.provider.handle(command)
            if self._stream and isinstance(command, Send | Finalize):
                self._stream.session(command.session_id, Done(command), now)


@dataclass
class StreamLife:
    """`chunks` is the audio log; `results` is what Kafka has of the results."""

    chunks: list[AudioChunk]
    rules: Rules = Rules()
    results: list[ResultEvent] = field(default_factory=list)
    workers: int = 1
    faults: int = 0
    committed: int = 0

    def __post_init__(self) -> None:
        self.now = Moment(0, 0.0)
        self.worker = Worker(1, 0, None)

    def read(self) -> None:
        self._pass()
        if self.worker.next_offset < len(self.chunks):
            self.worker.read(self.chunks[self.worker.next_offset], self.now)

    def answer(self) -> None:
        self._pass()
        self.worker.answer(self.now)

    def acknowledge(self) -> None:
        """Kafka has the next result that is on its way."""
        if self.worker.in_flight:
            result = self.worker.in_flight.popleft()
            self.results.append(result)
            self.worker.cursor.acknowledge(result.cursor_after_sample, len(self.results) - 1)

    def commit(self) -> None:
        held = committable(self.worker.next_offset, [self.worker.cursor])
        self.committed = held if self.rules.commit_holds_back else self.worker.next_offset

    def drop_session(self) -> None:
        self.fail(SttErrorClass.TRANSIENT)

    def refuse(self) -> None:
        self.fail(SttErrorClass.FATAL)

    def throttle(self) -> None:
        self.fail(SttErrorClass.THROTTLED)

    def expire(self) -> None:
        self.fail(SttErrorClass.PLANNED_EXPIRY)

    def fail(self, error_class: SttErrorClass) -> None:
        """The oldest session ends with an error."""
        self.faults += 1
        self.worker.die(error_class, self.now)

    def kill(self) -> None:
        """kill -9: what was on its way is lost; another worker begins where was committed, at the cursor on the log."""
        self.faults += 1
        self.workers += 1
        known = self.results and self.rules.cursor_is_read_back
        cursor = max(r.cursor_after_sample for r in self.results) if known else None
        self.worker = Worker(self.workers, self.committed, cursor)

    def kill_with_results_out(self) -> None:
        """kill -9 when Kafka has everything, but the worker never heard of it."""
        self.results += self.worker.in_flight
        self.kill()

    def finish(self) -> None:
        """Let everything happen that has not yet, until the stream is settled."""
        while self.worker.next_offset < len(self.chunks):
            self.read()
            self.answer()
        end = max(c.seq + c.units for c in self.chunks) * SAMPLES_PER_UNIT
        for _ in range(20_000):
            self.worker.end(self.now)
            self._skip_waiting()
            self.answer()
            self.acknowledge()
            if self.results and self.results[-1].cursor_after_sample >= end and not self.worker.in_flight:
                return
        raise AssertionError(f"stuck at {self.results[-1].cursor_after_sample if self.results else 0} of {end}")

    def words(self) -> list[str]:
        return [word.text for result in self.results if result.kind in FINALS for word in result.words]

    def skipped(self) -> dict[SkipReason, int]:
        """Samples declared as not transcribed, by reason."""
        found: dict[SkipReason, int] = {}
        for result in self.results:
            if result.kind is ResultKind.SKIPPED:
                span = result.cursor_after_sample - result.cursor_before_sample
                found[result.skip_reason] = found.get(result.skip_reason, 0) + span
        return found

    def holes(self) -> list[tuple[int, int]]:
        """Where the cursors of the results do not follow on each other."""
        afters = [0, *(r.cursor_after_sample for r in self.results)]
        return [
            (after, r.cursor_before_sample)
            for after, r in zip(afters, self.results, strict=False)
            if after != r.cursor_before_sample
        ]

    def _skip_waiting(self) -> None:
        """Nothing is said and nothing can be until a deadline: go there."""
        deadline_ms = self.worker.deadline_ms
        if not self.worker.provider.sessions and deadline_ms is not None and deadline_ms > self.now.ms:
            self.now = Moment(self.now.us + int((deadline_ms - self.now.ms) * 1000), deadline_ms)

    def _pass(self) -> None:
        self.now = Moment(self.now.us + STEP_MS * 1000, self.now.ms + STEP_MS)
        self.worker.tick(self.now)
