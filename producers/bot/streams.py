"""Slots in, streams out: which voice a frame belongs to, and that voice's timeline. Pure.

A slot is where audio arrives; the platform says whose it is and may give it to somebody else. Frames of a slot that is
nobody's are the tail of the last voice when they follow it without a break; otherwise they wait HOLD_US for a name and
then go to a stream of the slot itself: unknown beats wrong.
"""

from dataclasses import dataclass, field

from producers.bot.chunking import Chunk, Chunker
from producers.bot.framing import Explanation, Framer, Span
from producers.browser.frames import PageFrame
from producers.platforms.interface import Voice
from schemas.timebase import UNIT_US
from schemas.vocabulary import Attribution, ChunkKind, GapCause, TrackKind

HOLD_US = 500_000
BREAK_US = 200_000
FLUSH_US = 200_000
DEAD_US = 1_500_000

StreamEpoch = tuple[str, int]


@dataclass(frozen=True)
class StreamChunk:
    """A chunk with whose it is and where it arrived."""

    voice: Voice
    slot: str
    chunk: Chunk


@dataclass
class Stream:
    """One voice's timeline."""

    voice: Voice
    slot: str
    framer: Framer = field(default_factory=Framer)
    chunker: Chunker = field(default_factory=Chunker)
    heard_at_us: int = 0
    live: bool = False
    lost: bool = False


@dataclass
class Slot:
    """One receiver of the page. `counted` is how many of its frames are attributed to streams already."""

    name: str
    voice: Voice | None = None
    stream: Stream | None = None
    counted: int = 0
    last_media_us: int | None = None
    held: list[PageFrame] = field(default_factory=list)


class Streams:
    """All streams of a bot. Every method gives the chunks that are complete by then, in order for each stream."""

    def __init__(self) -> None:
        self._streams: dict[str, Stream] = {}
        self._slots: dict[int, Slot] = {}
        self._voices: dict[str, Voice] = {}
        self.frames_captured: dict[StreamEpoch, int] = {}

    def open_slot(self, number: int, name: str) -> None:
        self._slots[number] = Slot(name, self._voices.get(name))

    def bind(self, slot_name: str, voice: Voice) -> None:
        """From here on the slot carries this voice."""
        self._voices[slot_name] = voice
        for slot in self._slots.values():
            if slot.name == slot_name:
                slot.voice = voice

    def release(self, slot_name: str, now_us: int) -> None:
        """From here on the slot carries nobody: what its stream misses from now on is absent."""
        self._voices.pop(slot_name, None)
        for slot in self._slots.values():
            if slot.name == slot_name:
                slot.voice = None
                self._rest(slot, now_us)

    def mute_slot(self, number: int, now_us: int) -> None:
        """The browser says that the receiver gets nothing any more."""
        if number in self._slots:
            self._rest(self._slots[number], now_us)

    def push(self, frame: PageFrame) -> list[StreamChunk]:
        """One frame of the page; frames of a slot that never opened are not ours to guess about."""
        slot = self._slots.get(frame.slot_number)
        if slot is None or frame.index < slot.counted + len(slot.held):
            return []
        if slot.voice is None and not self._follows(slot, frame):
            slot.held.append(frame)
            return self._name_held(slot) if frame.wall_us - slot.held[0].wall_us > HOLD_US else []
        return self._name_held(slot) + self._take(slot, frame)

    def count(self, number: int, frames: int) -> list[StreamChunk]:
        """The page's own count of a slot's frames, at its end: what we did not get shows as captured, not delivered."""
        slot = self._slots.get(number)
        if slot is None:
            return []
        chunks = self._name_held(slot)
        if slot.stream:
            self._captured(slot.stream, frames - slot.counted)
        slot.counted = max(slot.counted, frames)
        return chunks

    def explain(self, now_us: int, cause: GapCause) -> None:
        """What live streams miss around now has this cause."""
        for stream in self._live():
            stream.framer.explain(Explanation(now_us, ChunkKind.GAP, cause))

    def lose(self, now_us: int, cause: GapCause) -> list[StreamChunk]:
        """Capture as a whole is gone, every slot with it. Who was heard goes on in another epoch, after a gap."""
        chunks = [chunk for slot in self._slots.values() for chunk in self._name_held(slot)]
        self.explain(now_us, cause)
        for stream in self._streams.values():
            stream.lost = stream.lost or stream.live
            stream.live = False
            chunks += [] if stream.lost else self._close(stream)
        self._slots, self._voices = {}, {}
        return chunks

    def leave(self, participant_id: str, now_us: int) -> list[StreamChunk]:
        """A participant is gone: what was lost of that voice is lost up to now."""
        mine = [stream for stream in self._streams.values() if stream.voice.participant_id == participant_id]
        return [chunk for stream in mine if stream.lost for chunk in self._close(stream, now_us)]

    def settle(self, now_us: int) -> list[StreamChunk]:
        """Let go of what has waited long enough for more of its kind."""
        chunks = [
            chunk
            for slot in self._slots.values()
            if self._hold_is_over(slot, now_us)
            for chunk in self._name_held(slot)
        ]
        for stream in self._streams.values():
            chunks += self._chunk(stream, stream.framer.settle(now_us))
            chunks += self._dress(stream, stream.chunker.flush_older(now_us - FLUSH_US))
        return chunks

    def finish(self, now_us: int) -> list[StreamChunk]:
        """The end of the bot: every stream to its last unit, with what is missing at the end of a live one."""
        chunks = [chunk for slot in self._slots.values() for chunk in self._name_held(slot)]
        for stream in self._streams.values():
            dead = stream.lost or (stream.live and now_us - stream.heard_at_us > DEAD_US)
            chunks += self._close(stream, now_us if dead else None)
        return chunks

    def heard_at_us(self) -> dict[str, int]:
        """Live streams, and when each was last heard, by the wall clock."""
        return {stream.voice.stream_id: stream.heard_at_us for stream in self._live()}

    def _live(self) -> list[Stream]:
        return [stream for stream in self._streams.values() if stream.live]

    def _follows(self, slot: Slot, frame: PageFrame) -> bool:
        if slot.stream is None or slot.last_media_us is None:
            return False
        return abs(frame.media_us - slot.last_media_us - UNIT_US) < BREAK_US

    def _hold_is_over(self, slot: Slot, now_us: int) -> bool:
        return bool(slot.held) and now_us - slot.held[0].wall_us > HOLD_US

    def _name_held(self, slot: Slot) -> list[StreamChunk]:
        held, slot.held = slot.held, []
        if held and slot.voice is None:
            slot.voice = Voice(f"slot:{slot.name}/audio", None, TrackKind.MICROPHONE, Attribution.NONE, 0.0)
        return [chunk for frame in held for chunk in self._take(slot, frame)]

    def _take(self, slot: Slot, frame: PageFrame) -> list[StreamChunk]:
        previous, stream = slot.stream, self._stream_of(slot)
        chunks = self._close(stream, frame.wall_us) if stream.lost else []
        lost = frame.index - slot.counted
        self._captured(previous or stream, lost)
        spans = stream.framer.push(frame, lost=lost if previous is stream else 0)
        self._captured(stream, 1)
        slot.counted, slot.last_media_us, stream.heard_at_us = frame.index + 1, frame.media_us, frame.wall_us
        return chunks + self._chunk(stream, spans)

    def _stream_of(self, slot: Slot) -> Stream:
        if slot.voice and (slot.stream is None or slot.stream.voice != slot.voice):
            if slot.stream:
                slot.stream.live = False
            slot.stream = self._streams.setdefault(slot.voice.stream_id, Stream(slot.voice, slot.name))
            slot.stream.voice, slot.stream.slot = slot.voice, slot.name
        assert slot.stream is not None
        slot.stream.live = slot.voice is not None
        return slot.stream

    def _close(self, stream: Stream, until_us: int | None = None) -> list[StreamChunk]:
        stream.lost = False
        chunks = self._chunk(stream, stream.framer.close(until_us))
        return chunks + self._dress(stream, stream.chunker.flush())

    def _rest(self, slot: Slot, now_us: int) -> None:
        if slot.stream and slot.stream.live:
            slot.stream.live = False
            slot.stream.framer.explain(Explanation(now_us, ChunkKind.ABSENT, None))

    def _captured(self, stream: Stream, frames: int) -> None:
        key = (stream.voice.stream_id, stream.framer.epoch)
        self.frames_captured[key] = self.frames_captured.get(key, 0) + frames

    def _chunk(self, stream: Stream, spans: list[Span]) -> list[StreamChunk]:
        chunks = [chunk for span in spans for chunk in stream.chunker.push(span, stream.voice.participant_id)]
        return self._dress(stream, chunks)

    def _dress(self, stream: Stream, chunks: list[Chunk]) -> list[StreamChunk]:
        return [StreamChunk(stream.voice, stream.slot, chunk) for chunk in chunks]
