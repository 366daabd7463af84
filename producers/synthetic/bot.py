"""One bot's life without a meeting: the same records, made by the same parts, from speakers who are made up. Pure.

    talk (a speaker's timeline) ─► chunker ─► records ─► out, and counted in the ledger book
    lifecycle, roster ─► records ─► out

Times are of the meeting: `next_due_us` says when `advance` has something to say. Every life ends with `done`.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from producers.bot.chunking import Chunk, Chunker
from producers.bot.framing import Span
from producers.bot.ledger import LedgerBook
from producers.bot.lifecycle import Lifecycle, Limits, Step
from producers.bot.records import Identity, Records, last_offsets_told
from producers.bot.roster import Fact, Roster
from producers.bot.streams import StreamChunk
from producers.platforms.interface import Joined, Observation, ParticipantDid, ParticipantGone, Voice
from producers.synthetic.speech import Repertoire
from producers.synthetic.talk import SaidLine, Stretch, Talk
from schemas.events import BotEvent, Record
from schemas.timebase import UNIT_US, UNITS_PER_CHUNK
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, MEETING_PARTICIPANTS, Topic
from schemas.vocabulary import Attribution, BotState, ChunkKind, ParticipantKind, TrackKind

PLATFORM = "synthetic"
TRANSPORT = "synthetic"
NAMES = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Tony")
ADMITTED_US = 150_000
RECORDING_US = 300_000
LONGEST_ARRIVAL_US = 1_000_000
FOR_EVER_US = 1 << 60
Output = tuple[Topic, Record]


@dataclass(frozen=True)
class Wish:
    """What is asked of a bot. `talking` is the share of the time each speaker talks; no `duration_us`: until stopped."""

    speakers: int
    talking: float
    duration_us: int | None
    repertoire: Callable[[int], Repertoire]


@dataclass(frozen=True)
class Said:
    """A line somebody has said, and where."""

    bot_id: str
    stream_id: str
    participant_id: str
    line: SaidLine


@dataclass
class Speaker:
    """One participant with one stream."""

    voice: Voice
    name: str
    slot: str
    began_at_us: int
    talk: Talk
    chunker: Chunker = field(default_factory=Chunker)

    @property
    def due_us(self) -> int:
        """When the chunk that is being said is complete."""
        unit = (self.talk.unit // UNITS_PER_CHUNK + 1) * UNITS_PER_CHUNK
        return self.began_at_us + min(unit, self.talk.end_unit or unit) * UNIT_US

    @property
    def over(self) -> bool:
        return self.talk.end_unit is not None and self.talk.unit >= self.talk.end_unit


class SyntheticBot:
    """One bot. Call `advance` until `over`, send what comes out, and `done` once Kafka has all of it."""

    def __init__(self, identity: Identity, wish: Wish, started_at_us: int, chance: random.Random) -> None:
        self.bot_id = identity.bot_id
        self._records = Records(identity)
        self._lifecycle = Lifecycle(Limits(FOR_EVER_US, FOR_EVER_US, FOR_EVER_US))
        self._roster = Roster()
        self._book = LedgerBook()
        self._started_at_us = started_at_us
        self._captured: dict[tuple[str, int], int] = {}
        recording_at_us = started_at_us + RECORDING_US
        self._speakers = [_speaker(number, wish, recording_at_us, chance) for number in range(wish.speakers)]
        self._stopped = ""
        self.said: list[Said] = []

    @property
    def next_due_us(self) -> int:
        """Meeting time of the next thing to say."""
        match self._lifecycle.state:
            case BotState.UNKNOWN:
                return self._started_at_us
            case BotState.JOINING:
                return self._started_at_us + ADMITTED_US
            case BotState.IN_CALL_NOT_RECORDING:
                return self._started_at_us + RECORDING_US
            case _:
                return min((s.due_us for s in self._speakers if not s.over), default=0)

    @property
    def over(self) -> bool:
        """Whether nothing is left to say but `done`."""
        return self._lifecycle.state is BotState.CALL_ENDED

    def advance(self, now_us: int) -> Iterator[Output]:
        """What is due by `now_us`, in order."""
        while not self.over and self.next_due_us <= now_us:
            yield from self._next(self.next_due_us)

    def stop(self, sub_code: str) -> None:
        """Leave, once every speaker has said the word of the moment."""
        self._stopped = self._stopped or sub_code
        for speaker in self._speakers:
            speaker.talk.stop()
            self._note(speaker)

    def done(self, now_us: int, last_offsets: Mapping[str, int]) -> Output:
        """The last word, with the ledger."""
        step = self._lifecycle.go(BotState.DONE, now_us, sub_code="completed")
        ledger = self._book.close(self._captured, "completed")
        attrs = {**last_offsets_told(last_offsets), "capture_transport": TRANSPORT, "capture_recoveries": "0"}
        return BOT_EVENTS, self._records.bot(step, now_us, attrs, ledger)

    def _next(self, now_us: int) -> Iterator[Output]:
        match self._lifecycle.state:
            case BotState.UNKNOWN:
                yield self._step(BotState.JOINING, now_us)
            case BotState.JOINING:
                yield self._step(BotState.IN_CALL_NOT_RECORDING, now_us)
            case BotState.IN_CALL_NOT_RECORDING:
                self._records.recording_started_at_us = now_us
                yield self._step(BotState.IN_CALL_RECORDING, now_us)
                yield from self._observe(
                    Joined({one.voice.participant_id or "": one.name for one in self._speakers}), now_us
                )
            case _:
                yield from self._talk(now_us)

    def _talk(self, now_us: int) -> Iterator[Output]:
        for speaker in self._speakers:
            if not speaker.over and speaker.due_us <= now_us:
                yield from self._hear(speaker, now_us)
        if all(speaker.over for speaker in self._speakers):
            yield from self._end(now_us)

    def _hear(self, speaker: Speaker, now_us: int) -> Iterator[Output]:
        """One speaker's next chunk, and whether they began or stopped talking in it."""
        spoke, said = speaker.talk.speaks, len(speaker.talk.said)
        until_unit = (now_us - speaker.began_at_us) // UNIT_US
        for stretch in speaker.talk.go_on(until_unit):
            yield from self._chunks(speaker, stretch)
        begun = speaker.talk.speaks or len(speaker.talk.said) > said
        if begun and not spoke:
            yield from self._did(speaker, ParticipantKind.SPEECH_ON, now_us)
        if (begun or spoke) and not speaker.talk.speaks:
            yield from self._did(speaker, ParticipantKind.SPEECH_OFF, now_us)
        self._note(speaker)

    def _chunks(self, speaker: Speaker, stretch: Stretch) -> Iterator[Output]:
        key = (speaker.voice.stream_id, 0)
        self._captured[key] = self._captured.get(key, 0) + stretch.units
        span = Span(
            epoch=0,
            epoch_started_at_us=speaker.began_at_us,
            seq=stretch.from_unit,
            units=stretch.units,
            kind=ChunkKind.AUDIO if stretch.pcm else ChunkKind.SILENCE,
            cause=None,
            pcm=stretch.pcm,
            captured_at_us=speaker.began_at_us + stretch.from_unit * UNIT_US,
        )
        yield from self._counted(speaker, speaker.chunker.push(span, speaker.voice.participant_id))

    def _counted(self, speaker: Speaker, chunks: Iterable[Chunk]) -> Iterator[Output]:
        for chunk in chunks:
            record = self._records.chunk(StreamChunk(speaker.voice, speaker.slot, chunk))
            self._book.count(record)
            yield AUDIO_FRAMES, record

    def _note(self, speaker: Speaker) -> None:
        said, speaker.talk.said = speaker.talk.said, []
        who = speaker.voice
        self.said += [Said(self.bot_id, who.stream_id, who.participant_id or "", line) for line in said]

    def _did(self, speaker: Speaker, kind: ParticipantKind, now_us: int) -> Iterable[Output]:
        return self._observe(ParticipantDid(speaker.voice.participant_id or "", kind), now_us)

    def _observe(self, observation: Observation, now_us: int) -> list[Output]:
        return [self._told(fact, now_us) for fact in self._roster.observe(observation)]

    def _told(self, fact: Fact, now_us: int) -> Output:
        return MEETING_PARTICIPANTS, self._records.participant(fact, now_us)

    def _end(self, now_us: int) -> Iterator[Output]:
        """The speakers leave, unless the bot is told to go before they do."""
        for speaker in self._speakers:
            yield from self._counted(speaker, speaker.chunker.flush())
        if not self._stopped:
            for speaker in self._speakers:
                yield from self._observe(ParticipantGone(speaker.voice.participant_id or ""), now_us)
        sub_code = self._stopped or "alone"
        yield self._step(BotState.LEAVING, now_us, sub_code)
        yield self._step(BotState.CALL_ENDED, now_us, sub_code)

    def _step(self, state: BotState, now_us: int, sub_code: str = "") -> Output:
        step: Step = self._lifecycle.go(state, now_us, sub_code=sub_code)
        event: BotEvent = self._records.bot(step, now_us, {})
        return BOT_EVENTS, event


def _speaker(number: int, wish: Wish, recording_at_us: int, chance: random.Random) -> Speaker:
    """Nobody's microphone opens at the same moment as another's, so chunks come evenly."""
    began_at_us = recording_at_us + chance.randrange(LONGEST_ARRIVAL_US)
    end_unit = (
        None if wish.duration_us is None else max(1, (wish.duration_us - (began_at_us - recording_at_us)) // UNIT_US)
    )
    participant = f"{PLATFORM}:{number + 1}"
    return Speaker(
        voice=Voice(f"{participant}/audio", participant, TrackKind.MICROPHONE, Attribution.EXACT, 1.0),
        name=f"{NAMES[number % len(NAMES)]} {number + 1}",
        slot=f"0/{number}",
        began_at_us=began_at_us,
        talk=Talk(wish.repertoire(number), chance, talking=wish.talking, end_unit=end_unit),
    )
