"""One partition this worker owns: its streams, how far each is, and what may be committed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.events import AudioChunk, ResultEvent
from stream_processors.order import Order, Turn
from stream_processors.transcription.moment import Moment
from stream_processors.transcription.partitions.backpressure import Reading, is_full, reading
from stream_processors.transcription.partitions.cursor import StreamCursor, committable, oldest_result
from stream_processors.transcription.stream.pipeline import Pipeline

FORGET_MS = 600_000


class StreamKey(NamedTuple):
    """One epoch of one stream; a tuple, since every record is looked up by one."""

    bot_id: str
    stream_id: str
    epoch: int

    @classmethod
    def of(cls, record: AudioChunk | ResultEvent) -> "StreamKey":
        return cls(record.bot_id, record.stream_id, record.epoch)

    def is_older_than(self, other: "StreamKey") -> bool:
        """Whether this is an earlier epoch of the same stream."""
        return self[:2] == other[:2] and self.epoch < other.epoch


@dataclass(frozen=True, slots=True)
class Restored:
    """K of a stream, as the record at `results_offset` of the results topic says."""

    cursor: int
    results_offset: int


@dataclass(frozen=True, slots=True)
class Start:
    """Where a new owner begins: on the audio topic, and what the results topic (up to `results_end`) knows."""

    next_offset: int
    restored: dict[StreamKey, Restored]
    results_end: int


@dataclass(slots=True)
class Entry:
    """A stream: its cursor, and its pipeline once a chunk of it was read.

    `left_from`: the offset from which on its audio was left on the log, when it was.
    """

    cursor: StreamCursor
    active_at_ms: float
    pipeline: Pipeline | None = None
    left_from: int | None = None

    @property
    def unsent_bytes(self) -> int:
        return self.pipeline.unsent_bytes if self.pipeline else 0


class Partition:
    """Streams by key. `dead` holds offsets of poison records whose dead letters Kafka has not acknowledged."""

    def __init__(self, number: int, start: Start, preroll_samples: int, now_ms: float) -> None:
        self.number = number
        self.order = Order(start.next_offset)
        self.dead: set[int] = set()
        self._preroll = preroll_samples
        self._results_end = start.results_end
        self._entries: dict[StreamKey, Entry] = {}
        for key, restored in start.restored.items():
            cursor = StreamCursor(restored.cursor, preroll_samples, restored.results_offset)
            self._entries[key] = Entry(cursor, now_ms)

    def is_next(self, offset: int) -> bool:
        """Whether this is the record that follows on the last one."""
        return self.order.turn_of(offset) is Turn.NEXT

    def entry(self, chunk: AudioChunk, from_sample: int, now_ms: float) -> Entry:
        """The stream the chunk belongs to, made when it is new."""
        key = StreamKey.of(chunk)
        if key not in self._entries:
            self._entries[key] = Entry(StreamCursor(from_sample, self._preroll), now_ms)
        entry = self._entries[key]
        entry.active_at_ms = now_ms
        return entry

    def older_epochs(self, chunk: AudioChunk) -> Iterator[Pipeline]:
        """Pipelines of the same stream whose epoch is over and was heard, for a chunk that is the first of its own."""
        newest = StreamKey.of(chunk)
        for key, entry in self._entries.items():
            if key.is_older_than(newest) and entry.pipeline and entry.left_from is None and not entry.pipeline.idle:
                yield entry.pipeline

    @property
    def most_unsent_bytes(self) -> int:
        """Of a stream that hears what comes."""
        return max((e.unsent_bytes for e in self._entries.values() if e.left_from is None), default=0)

    def relieve(self, limit_bytes: int) -> Reading:
        """See that no stream has much more than `limit_bytes` of unsent speech in memory: leave some on the log, or say STOP."""
        heard = [e for e in self._entries.values() if e.pipeline and e.left_from is None and not e.pipeline.idle]
        found = reading([entry.unsent_bytes for entry in heard], limit_bytes)
        if found is Reading.LEAVE:
            for entry in heard:
                if is_full(entry.unsent_bytes, limit_bytes):
                    entry.left_from = self.order.due
        return found

    def left(self) -> dict[StreamKey, Entry]:
        """Streams whose audio is left on the log."""
        return {key: entry for key, entry in self._entries.items() if entry.left_from is not None}

    def heard_again(self, key: StreamKey) -> None:
        """The stream is where its partition is: from now on it hears what comes, if it is not over."""
        entry = self._entries[key]
        entry.left_from = None
        newer = any(key.is_older_than(other) for other in self._entries)
        if newer and entry.pipeline:
            entry.pipeline.end()

    def acknowledged(self, cursor: StreamCursor, sample: int, results_offset: int) -> None:
        """Kafka has a result of the stream."""
        cursor.acknowledge(sample, results_offset)
        self._results_end = max(self._results_end, results_offset + 1)

    def committable(self) -> tuple[int, int]:
        """The audio offset to commit, and the results offset its next owner reads from."""
        cursors = [entry.cursor for entry in self._entries.values()]
        oldest = oldest_result(cursors)
        return committable(self.order.due, cursors, self.dead), self._results_end if oldest is None else oldest

    def tick(self, now: Moment, *, read_to_end: bool) -> None:
        """What the passing of time asks for. No stream is idle while some of it may lie unread on the log."""
        for entry in list(self._entries.values()):
            if entry.pipeline is None:
                continue
            if not read_to_end or entry.left_from is not None:
                entry.pipeline.touch(now)
            entry.pipeline.tick(now)
        self._forget(now.ms)

    def close(self) -> None:
        for entry in self._entries.values():
            if entry.pipeline:
                entry.pipeline.close()

    def _forget(self, now_ms: float) -> None:
        """Forget streams that ended long ago and are settled."""
        for key in [k for k, e in self._entries.items() if now_ms - e.active_at_ms > FORGET_MS and e.cursor.settled]:
            entry = self._entries.pop(key)
            if entry.pipeline:
                entry.pipeline.close()
