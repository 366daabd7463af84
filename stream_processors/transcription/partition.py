"""One partition this worker owns: its streams, how far each is, and what may be committed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.events import AudioChunk
from stream_processors.order import Order, Turn
from stream_processors.transcription.cursor import StreamCursor, committable, oldest_result
from stream_processors.transcription.pipeline import Pipeline

FORGET_MS = 600_000


class StreamKey(NamedTuple):
    """One epoch of one stream; a tuple, since every record is looked up by one."""

    bot_id: str
    stream_id: str
    epoch: int


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
    """A stream: its cursor, and its pipeline once a chunk of it was read."""

    cursor: StreamCursor
    active_at_ms: float
    pipeline: Pipeline | None = None


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
        key = StreamKey(chunk.bot_id, chunk.stream_id, chunk.epoch)
        if key not in self._entries:
            self._entries[key] = Entry(StreamCursor(from_sample, self._preroll), now_ms)
        entry = self._entries[key]
        entry.active_at_ms = now_ms
        return entry

    def older_epochs(self, chunk: AudioChunk) -> Iterator[Pipeline]:
        """Pipelines of the same stream whose epoch is over, for a chunk that is the first of its own."""
        for key, entry in self._entries.items():
            same = key.bot_id == chunk.bot_id and key.stream_id == chunk.stream_id
            if same and key.epoch < chunk.epoch and entry.pipeline and not entry.pipeline.idle:
                yield entry.pipeline

    def pipelines(self) -> list[Pipeline]:
        return [entry.pipeline for entry in self._entries.values() if entry.pipeline]

    def acknowledged(self, cursor: StreamCursor, sample: int, results_offset: int) -> None:
        """Kafka has a result of the stream."""
        cursor.acknowledge(sample, results_offset)
        self._results_end = max(self._results_end, results_offset + 1)

    def committable(self) -> tuple[int, int]:
        """The audio offset to commit, and the results offset its next owner reads from."""
        cursors = [entry.cursor for entry in self._entries.values()]
        oldest = oldest_result(cursors)
        return committable(self.order.due, cursors, self.dead), self._results_end if oldest is None else oldest

    def forget(self, now_ms: float) -> None:
        """Forget streams that ended long ago and are settled."""
        for key in [k for k, e in self._entries.items() if now_ms - e.active_at_ms > FORGET_MS and e.cursor.settled]:
            entry = self._entries.pop(key)
            if entry.pipeline:
                entry.pipeline.close()

    def close(self) -> None:
        for pipeline in self.pipelines():
            pipeline.close()
