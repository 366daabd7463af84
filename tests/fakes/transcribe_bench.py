"""What the tests of the transcribe worker hold in their hands: the log, and workers as processes."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Message, Producer

from infra.local.daemon import Daemon
from infra.local.ports import free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from infra.topics import register_schemas
from schemas.codec import Codec
from schemas.events import AudioChunk, QualityWindow, ResultEvent, SessionEvent
from schemas.kafka_client import producer_config, record_headers
from schemas.registry import Registry
from schemas.settings import LocalSettings, Settings
from schemas.topics import AUDIO_FRAMES, AUDIO_QUALITY, STT_RESULTS, STT_SESSIONS, dlq_of
from schemas.vocabulary import ResultKind
from tests.fakes.earshot_process import EarshotProcess
from tests.fakes.fresh_name import fresh
from tests.fakes.log_tail import LogTail

START_DEADLINE_S = 90.0
FINALS = (ResultKind.FINAL, ResultKind.END_OF_TURN)


class TranscribeWorker(EarshotProcess):
    """`earshot transcribe`."""

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__(environment, "transcribe")


@dataclass
class TranscribeBench:
    """One group of workers on the real log."""

    bootstrap: str
    registry_url: str

    def __post_init__(self) -> None:
        self.codec = Codec(Registry(self.registry_url))
        self.producer = Producer(producer_config(self.bootstrap))
        self.workers: list[TranscribeWorker] = []
        self._tail = LogTail(self.bootstrap)
        self.environment = {
            "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "EARSHOT_SCHEMA_REGISTRY_URL": self.registry_url,
            "EARSHOT_CONSUMER_GROUP": fresh("transcribe"),
            "EARSHOT_SESSION_TIMEOUT_MS": "6000",
            "EARSHOT_IDLE_STREAM_MS": "2000",
            "EARSHOT_DECODERS": "2",
            "EARSHOT_DECODERS_GIVE_WAY": "no",
        }

    @property
    def settings(self) -> Settings:
        return Settings(kafka_bootstrap_servers=self.bootstrap, schema_registry_url=self.registry_url)

    def start(self, **environment: str) -> TranscribeWorker:
        self.workers.append(TranscribeWorker(self.environment | environment))
        return self.workers[-1]

    def put(self, chunks: Iterable[AudioChunk]) -> None:
        """Append the chunks and wait for the broker."""
        for chunk in chunks:
            self.put_raw(chunk.bot_id, self.codec.encode(AUDIO_FRAMES, chunk))
        self.producer.flush(30)

    def put_raw(self, key: str, value: bytes) -> None:
        headers = [*record_headers("default", key)]
        self.producer.produce(AUDIO_FRAMES.name, key=key.encode(), value=value, headers=headers)
        self.producer.poll(0)

    def results(self, bot_id: str) -> list[ResultEvent]:
        return [self.codec.decode(STT_RESULTS, m.value(), ResultEvent) for m in self._tail.under(STT_RESULTS, bot_id)]

    def all_results(self) -> list[ResultEvent]:
        """Everybody's, partition by partition in the order of the log."""
        return [self.codec.decode(STT_RESULTS, m.value(), ResultEvent) for m in self._tail.all_of(STT_RESULTS)]

    def encoded(self, chunk: AudioChunk) -> bytes:
        return self.codec.encode(AUDIO_FRAMES, chunk)

    def sessions(self, bot_id: str) -> list[SessionEvent]:
        return [
            self.codec.decode(STT_SESSIONS, m.value(), SessionEvent) for m in self._tail.under(STT_SESSIONS, bot_id)
        ]

    def windows(self, bot_id: str) -> list[QualityWindow]:
        return [
            self.codec.decode(AUDIO_QUALITY, m.value(), QualityWindow) for m in self._tail.under(AUDIO_QUALITY, bot_id)
        ]

    def dead(self, key: str) -> list[Message]:
        return self._tail.under(dlq_of(AUDIO_FRAMES), key)

    def reached(self, bot_id: str, sample: int) -> bool:
        """Whether the cursor of the bot's only stream is at `sample`."""
        return max((r.cursor_after_sample for r in self.results(bot_id)), default=0) >= sample

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self._tail.close()


@contextmanager
def benched(bootstrap: str, folder: Path) -> Iterator[TranscribeBench]:
    """A bench on those brokers, which have the topics, with a registry of its own."""
    [port] = free_ports(1)
    registry = SchemaRegistry(port, bootstrap, LocalSettings().cache_dir)
    stack = Stack([Daemon(registry, folder, die_with_us=True)])
    try:
        stack.up(START_DEADLINE_S)
        register_schemas(registry.url)
        with closing(TranscribeBench(bootstrap, registry.url)) as bench:
            yield bench
    finally:
        stack.down(grace_s=3)


def assert_chain(results: list[ResultEvent], end_sample: int) -> None:
    """The cursors lead from 0 to `end_sample` without hole or step back, whatever moved them."""
    cursor = 0
    for result in results:
        assert result.cursor_before_sample == cursor, f"hole: {cursor} to {result.cursor_before_sample}"
        cursor = result.cursor_after_sample
    assert cursor == end_sample
