"""A broker of one group: logs by partition, commits with generations, and a producer's way to it."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.codec import Codec
from schemas.dead_letter import RawRecord
from schemas.events import AudioChunk, ResultEvent, SessionEvent
from schemas.topics import AUDIO_FRAMES, STT_RESULTS, STT_SESSIONS
from stream_processors.transcription.partitions.outbox import Letter
from stream_processors.transcription.partitions.partition import Restored, Start, StreamKey
from stream_processors.transcription.partitions.worker import Commit


@dataclass
class Broker:
    """`away`: nothing is read, written or committed. `refuses_commits`: only that fails."""

    codec: Codec
    partitions: int
    audio: dict[int, list[tuple[RawRecord, float]]] = field(default_factory=lambda: defaultdict(list))
    results: dict[int, list[ResultEvent]] = field(default_factory=lambda: defaultdict(list))
    sessions: list[SessionEvent] = field(default_factory=list)
    commits: dict[int, Commit] = field(default_factory=dict)
    generation: int = 0
    away: bool = False
    refuses_commits: bool = False

    def put(self, partition: int, chunk: AudioChunk, value: bytes, now_ms: float) -> None:
        """Append audio."""
        log = self.audio[partition]
        log.append((RawRecord(AUDIO_FRAMES.name, partition, len(log), chunk.bot_id.encode(), value, ()), now_ms))

    def append(self, letter: Letter) -> int:
        """Append what a worker wrote; the offset."""
        if letter.topic == STT_RESULTS.name and letter.partition is not None:
            log = self.results[letter.partition]
            log.append(self.codec.decode(STT_RESULTS, letter.value, ResultEvent))
            return len(log) - 1
        if letter.topic == STT_SESSIONS.name:
            self.sessions.append(self.codec.decode(STT_SESSIONS, letter.value, SessionEvent))
        return 0

    def commit(self, commits: dict[int, Commit], generation: int) -> bool:
        """Take the commits of a member of this generation."""
        if self.away or self.refuses_commits or generation != self.generation:
            return False
        self.commits |= commits
        return True

    def start(self, partition: int, *, reads_cursors: bool = True) -> Start:
        """What a new owner finds: its offset, and every K the end of the results says."""
        commit = self.commits.get(partition, Commit(0, 0))
        restored: dict[StreamKey, Restored] = {}
        log = self.results[partition]
        for offset in range(commit.results_from, len(log)):
            result = log[offset]
            key = StreamKey(result.bot_id, result.stream_id, result.epoch)
            if key not in restored or result.cursor_after_sample >= restored[key].cursor:
                restored[key] = Restored(result.cursor_after_sample, offset)
        return Start(commit.offset, restored if reads_cursors else {}, len(log))


class WorldOutlet:
    """A producer's queue: letters reach the log in order, and some time later their acknowledgements come back."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._queue: deque[tuple[Letter, Callable[[int], None]]] = deque()
        self._unacknowledged: deque[tuple[Callable[[int], None], int]] = deque()

    def append(self, letter: Letter, on_ack: Callable[[int], None]) -> bool:
        self._queue.append((letter, on_ack))
        return True

    def reach(self, most: int) -> None:
        """Up to `most` letters reach the log."""
        for _ in range(0 if self._broker.away else min(most, len(self._queue))):
            letter, on_ack = self._queue.popleft()
            self._unacknowledged.append((on_ack, self._broker.append(letter)))

    def acknowledge(self, most: int) -> None:
        """Up to `most` acknowledgements come back."""
        for _ in range(0 if self._broker.away else min(most, len(self._unacknowledged))):
            on_ack, offset = self._unacknowledged.popleft()
            on_ack(offset)

    def drain(self) -> None:
        """Wait until everything is there, as far as the broker is."""
        self.reach(1_000_000)
        self.acknowledge(1_000_000)
