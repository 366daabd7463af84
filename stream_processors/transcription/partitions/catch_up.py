"""Streams that were left alone hear what of them lies on the log. Their partition goes on meanwhile."""

from schemas.events import AudioChunk
from stream_processors.sequencing.span import span_of
from stream_processors.transcription.partitions.backpressure import has_room, is_full
from stream_processors.transcription.partitions.partition import Entry, Partition, StreamKey


class CatchUp:
    """One piece of a partition's log from `start` on: `take` every record of it in order, then say `done`.

    A stream that is full again goes on next time from where it stopped.
    """

    def __init__(self, partition: Partition, eager: dict[StreamKey, Entry], start: int, limit_bytes: int) -> None:
        self.partition = partition
        self.start = start
        self._eager = eager
        self._limit_bytes = limit_bytes
        self._next = start

    def take(self, offset: int, chunk: AudioChunk | None, appended_at_ms: int) -> None:
        """The next record; None for one that is no chunk. What the partition has still to read comes to its streams that way."""
        if offset >= self.partition.order.due:
            return
        self._next = offset + 1
        if chunk is None:
            return
        key = StreamKey.of(chunk)
        entry = self._eager.get(key)
        if entry is None or entry.pipeline is None or entry.left_from is None or offset < entry.left_from:
            return
        if is_full(entry.unsent_bytes, self._limit_bytes):
            entry.left_from = offset
            del self._eager[key]
        else:
            entry.pipeline.feed(chunk, span_of(chunk), appended_at_ms)

    def done(self) -> None:
        """No more of it for now: whoever has reached its partition hears with it from now on."""
        for key, entry in self._eager.items():
            entry.left_from = max(self._next, entry.left_from or 0)
            if entry.left_from >= self.partition.order.due:
                self.partition.heard_again(key)


def catch_up(partition: Partition, limit_bytes: int) -> CatchUp | None:
    """Of the streams that have room again; None when there are none."""
    left = partition.left()
    eager = {key: entry for key, entry in left.items() if has_room(entry.unsent_bytes, limit_bytes)}
    start = min((entry.left_from for entry in eager.values() if entry.left_from is not None), default=None)
    return None if start is None else CatchUp(partition, eager, start, limit_bytes)
