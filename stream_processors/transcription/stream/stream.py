"""The machine of one stream and epoch: ordered audio and what a provider says go in, commands come out.

Speech opens a session and is sent to it; what is no speech, absent or lost is declared skipped, but for a short loss in
the middle of an utterance, which is heard as silence: cutting a sentence there would cost more words than are missing.
A session that dies is replaced, and everything not final is sent again from the cursor minus the preroll; words are
accepted by their midpoint, so none comes twice and none is lost. Pure: the time is an argument, and `deadline_ms` says
when to call `tick`.
"""

from collections.abc import Sequence

from schemas.timebase import BYTES_PER_SAMPLE, SAMPLES_PER_UNIT, ms_to_samples
from schemas.vocabulary import ChunkKind, SkipReason, TurnReason
from stream_processors.sequencing.span import Span, Speaker
from stream_processors.transcription.hearing.gate import Gate, GateEvent, GateSettings, Hearing, SpeechStarted
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.stream.commands import Command, Emit, SessionNews
from stream_processors.transcription.stream.conversation import Conversation
from stream_processors.transcription.stream.records import Records

SKIPS = {ChunkKind.GAP: SkipReason.GAP, ChunkKind.ABSENT: SkipReason.ABSENT}
ZEROS_PER_UNIT = bytes(SAMPLES_PER_UNIT * BYTES_PER_SAMPLE)


class Stream:
    """One stream and epoch whose first span begins at `from_sample`; its results begin at `cursor`.

    `cursor` is K when an owner before wrote results, and `from_sample` else.

    Every call returns commands to carry out in order.
    """

    def __init__(
        self, records: Records, conversation: Conversation, settings: GateSettings, *, from_sample: int, cursor: int
    ) -> None:
        self._records = records
        self._conversation = conversation
        self._preroll = ms_to_samples(settings.preroll_ms)
        self._hangover = ms_to_samples(settings.hangover_ms)
        replay_from = (cursor - self._preroll) // SAMPLES_PER_UNIT * SAMPLES_PER_UNIT
        self._base = max(min(from_sample, cursor), replay_from)
        self._gate = Gate(settings, self._base)
        self._position = self._base
        self._speaker = Speaker()
        self._ended = False
        self.chain = conversation.chain
        self._audio = conversation.audio

    @property
    def cursor(self) -> int:
        """E: the end of what results say, acknowledged or not."""
        return self.chain.cursor

    @property
    def position(self) -> int:
        """The end of the audio heard."""
        return self._position

    @property
    def deadline_ms(self) -> float | None:
        """When `tick` has something to do."""
        return self._conversation.deadline_ms

    @property
    def unsent_bytes(self) -> int:
        """Speech no session has been given yet."""
        return self._conversation.unsent_bytes

    @property
    def in_doubt(self) -> bool:
        """Whether sound that comes next should be heard by a better detector too."""
        return self._gate.in_doubt

    def heard(self, span: Span, units: Sequence[Hearing], now: Moment) -> list[Command]:
        """The next span of the stream; `units` says what each unit of audio is, and is empty otherwise."""
        if span.to_sample <= self._base:
            return []
        self._ended = False
        commands = self._speaker_is(span, now)
        if span.from_sample > self._position:
            commands += self._unheard(span.from_sample, SkipReason.GAP, now)
        if span.kind in SKIPS and not self._bridged(span):
            commands += self._unheard(span.to_sample, SKIPS[span.kind], now)
        else:
            commands += self._listen(span, units, now)
        return commands + self._settled(now)

    def session(self, session_id: str, news: SessionNews, now: Moment) -> list[Command]:
        """What happened on a session of this stream."""
        return self._conversation.session(session_id, news, now) + self._settled(now)

    def tick(self, now: Moment) -> list[Command]:
        """Deadlines: a session to open again, a final that does not come, a session that is idle."""
        return self._conversation.tick(self._position, now) + self._settled(now)

    def end(self, now: Moment) -> list[Command]:
        """Nothing more is coming, as far as anybody knows: settle everything up to here."""
        self._ended = True
        commands = self._gate_events(self._gate.interrupt(self._position, TurnReason.STREAM_END), now)
        self.chain.skip(self._position, SkipReason.NO_SPEECH, self._speaker)
        return commands + self._settled(now)

    def let_go(self, now: Moment) -> list[Command]:
        """Close every session; what is not settled is somebody else's."""
        return self._conversation.let_go(now)

    def _speaker_is(self, span: Span, now: Moment) -> list[Command]:
        if span.speaker == self._speaker:
            return []
        events = self._gate.interrupt(self._position, TurnReason.SPEAKER_CHANGE)
        commands = self._gate_events(events, now)
        self.chain.skip(self._position, SkipReason.NO_SPEECH, self._speaker)
        self._speaker = span.speaker
        return commands

    def _bridged(self, span: Span) -> bool:
        """A silence of this length would not end the utterance either. What was lost stays declared where it was lost."""
        return span.kind is ChunkKind.GAP and self._gate.open and span.to_sample - span.from_sample < self._hangover

    def _unheard(self, to_sample: int, reason: SkipReason, now: Moment) -> list[Command]:
        commands = self._gate_events(self._gate.interrupt(self._position, TurnReason.ENDPOINT), now)
        self.chain.skip(self._position, SkipReason.NO_SPEECH, self._speaker)
        self.chain.skip(to_sample, reason, self._speaker)
        self._gate.resume(to_sample)
        self._position = to_sample
        return commands

    def _listen(self, span: Span, units: Sequence[Hearing], now: Moment) -> list[Command]:
        commands: list[Command] = []
        self._audio.append(span.from_sample, span.pcm or ZEROS_PER_UNIT * span.units)
        for unit in range(span.units):
            from_sample = span.from_sample + unit * SAMPLES_PER_UNIT
            if from_sample < self._base:
                continue
            self._position = from_sample + SAMPLES_PER_UNIT
            heard = units[unit] if units else Hearing.SILENCE
            commands += self._gate_events(self._gate.unit(from_sample, heard), now)
        if self._gate.open:
            self.chain.speak(self._position)
            return commands + self._conversation.flow(self._position, now)
        self.chain.skip(self._gate.decided_to, SkipReason.NO_SPEECH, self._speaker)
        return commands

    def _gate_events(self, events: Sequence[GateEvent], now: Moment) -> list[Command]:
        commands: list[Command] = []
        for event in events:
            if isinstance(event, SpeechStarted):
                self.chain.skip(event.from_sample, SkipReason.NO_SPEECH, self._speaker)
                self.chain.begin(self._speaker)
                commands += self._conversation.begin(event.from_sample, now)
            else:
                self.chain.finish(event.to_sample, event.reason)
                commands += self._conversation.finish(event, now)
        return commands

    def _settled(self, now: Moment) -> list[Command]:
        """Declare what is skipped up to the cursor's next utterance, and forget audio nobody can need."""
        steps = self.chain.skipped(everything=self._ended)
        self._audio.trim(min(self.cursor, self._gate.decided_to) - self._preroll)
        return [Emit(self._records.skipped(step, now)) for step in steps]
