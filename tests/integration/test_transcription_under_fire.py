"""Several `earshot transcribe` on a broker of their own with two services as processes: everything is killed while people
talk, and every word is on the log once, in order.
"""

import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.chaos.words import WordAccount, account
from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import free_ports
from infra.local.registry import SchemaRegistry
from infra.local.stack import Stack
from infra.topics import create_topics, register_schemas
from schemas.events import AudioChunk, ResultEvent
from schemas.settings import LocalSettings
from schemas.timebase import SAMPLES_PER_UNIT, SystemClock
from schemas.vocabulary import SessionKind
from tests.fakes.audio_records import chunks_of
from tests.fakes.fresh_name import fresh
from tests.fakes.logged_words import holes, raw_words, read_words
from tests.fakes.stt.numbered_speech import silence, word
from tests.fakes.stt.process import ServiceProcess
from tests.fakes.transcribe_bench import FINALS, TranscribeBench, TranscribeWorker
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
START_DEADLINE_S = 90.0
BOTS = 6
TALK_S = 44


@dataclass(frozen=True)
class Talk:
    """What one bot hears: its chunks, and the words in them."""

    bot_id: str
    chunks: list[AudioChunk]
    words: list[str]

    @property
    def end(self) -> int:
        return (self.chunks[-1].seq + self.chunks[-1].units) * SAMPLES_PER_UNIT


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A broker to be killed, with all topics."""
    folder = tmp_path_factory.mktemp("broker")
    port, controller_port = free_ports(2)
    daemon = Daemon(Kafka(port, controller_port, LocalSettings().cache_dir, heap_mb=384), folder, die_with_us=True)
    stack = Stack([daemon])
    stack.up(START_DEADLINE_S)
    yield daemon
    stack.down(grace_s=3)


@pytest.fixture
def bench(broker: Daemon, tmp_path: Path) -> Iterator[TranscribeBench]:
    """A registry beside that broker, and the workers of one group."""
    kafka = broker.service
    assert isinstance(kafka, Kafka)
    create_topics(kafka.bootstrap_servers)
    [port] = free_ports(1)
    registry = SchemaRegistry(port, kafka.bootstrap_servers, LocalSettings().cache_dir)
    stack = Stack([Daemon(registry, tmp_path, die_with_us=True)])
    stack.up(START_DEADLINE_S)
    register_schemas(registry.url)
    bench = TranscribeBench(kafka.bootstrap_servers, registry.url)
    yield bench
    bench.close()
    stack.down(grace_s=3)


@pytest.fixture
def services() -> Iterator[tuple[ServiceProcess, ServiceProcess]]:
    """The primary and the fallback."""
    primary, fallback = ServiceProcess("deepgram"), ServiceProcess("assemblyai")
    primary.start()
    fallback.start()
    yield primary, fallback
    primary.end()
    fallback.end()


def talk(number: int, started_at_us: int) -> Talk:
    """Words of 300 ms with breaths, and a pause every few of them."""
    pcm, words = silence(500 + 130 * number), []
    while len(pcm) < TALK_S * 96_000:
        words.append(f"w{len(words) + 1}")
        pause_ms = 900 if len(words) % (5 + number) == 0 else 20 * (len(words) % 5)
        pcm += word(len(words)) + silence(pause_ms)
    pcm += silence(1_000 + (-len(pcm) // 96) % 100)
    pcm += bytes(-len(pcm) % 9_600)
    bot_id = fresh("bot")
    return Talk(bot_id, chunks_of(pcm, bot_id=bot_id, started_at_us=started_at_us), words)


def speak(bench: TranscribeBench, talks: list[Talk]) -> None:
    """Append everybody's chunks as they are spoken; the producer keeps what the broker does not take."""
    began = time.monotonic()
    for i in range(max(len(each.chunks) for each in talks)):
        time.sleep(max(0.0, began + (i + 1) * 0.1 - time.monotonic()))
        for each in talks:
            if i < len(each.chunks):
                bench.put_raw(each.bot_id, bench.encoded(each.chunks[i]))
    bench.producer.flush(60)


def settled(bench: TranscribeBench, talks: list[Talk]) -> bool:
    reached = {bot: max(r.cursor_after_sample for r in results) for bot, results in by_bot(bench).items()}
    return all(reached.get(each.bot_id, 0) >= each.end for each in talks)


def by_bot(bench: TranscribeBench) -> dict[str, list[ResultEvent]]:
    found: dict[str, list[ResultEvent]] = defaultdict(list)
    for result in bench.all_results():
        found[result.bot_id].append(result)
    return found


def settings_on(primary: ServiceProcess, fallback: ServiceProcess) -> dict[str, str]:
    return {
        "EARSHOT_PROVIDER": "deepgram",
        "EARSHOT_PROVIDER_FALLBACKS": "assemblyai",
        "EARSHOT_DEEPGRAM_URL": primary.url,
        "EARSHOT_DEEPGRAM_API_KEY": "key",
        "EARSHOT_ASSEMBLYAI_URL": fallback.url,
        "EARSHOT_ASSEMBLYAI_API_KEY": "key",
        "EARSHOT_VAD": "webrtc",
        "EARSHOT_IDLE_STREAM_MS": "5000",
    }


def kill_everything(
    bench: TranscribeBench, workers: list[TranscribeWorker], primary: ServiceProcess, broker: Daemon
) -> None:
    """A worker, the service, the broker, one after the other, while the second worker is stopped for 20 s."""
    first, second = workers
    time.sleep(5)
    first.end(signal.SIGKILL)
    third = bench.start()
    time.sleep(4)
    primary.end()
    time.sleep(5)
    primary.start()
    second.process.send_signal(signal.SIGSTOP)
    time.sleep(6)
    kill_and_start(broker)
    bench.start()
    time.sleep(12)
    second.process.send_signal(signal.SIGCONT)
    time.sleep(4)
    third.end(signal.SIGTERM)


def kill_and_start(broker: Daemon) -> None:
    process = broker.process()
    assert process
    process.kill()
    broker.bury()
    time.sleep(2)
    broker.start()


def show_doubled(results: list[ResultEvent]) -> None:
    """For whoever has to understand a failure: every result with a word that was read twice."""
    counts = Counter(read_words(results))
    for result in results:
        if result.kind in FINALS and any(counts[word.text] > 1 for word in result.words):
            words = [(word.text, word.from_sample, word.to_sample) for word in result.words]
            span = (result.cursor_before_sample, result.cursor_after_sample)
            print(result.bot_id, result.kind, result.reason, result.provider, result.stt_session_id, span, words)


def assert_every_word_is_there(talks: list[Talk], results: dict[str, list[ResultEvent]]) -> None:
    """Once, in order, and with no hole in any cursor."""
    whole = sum((account(each.words, read_words(results[each.bot_id])) for each in talks), WordAccount())
    raw = sum((account(each.words, raw_words(results[each.bot_id])) for each in talks), WordAccount())
    print(f"read {whole}, raw {raw}")
    for each in talks:
        show_doubled(results[each.bot_id])
    assert whole == WordAccount(said=sum(len(each.words) for each in talks))
    assert [hole for each in results.values() for hole in holes(each)] == []


def test_everything_is_killed_while_people_talk_and_no_word_is_lost(
    bench: TranscribeBench, services: tuple[ServiceProcess, ServiceProcess], broker: Daemon
) -> None:
    """kill -9 of a worker, of the primary service and of the broker, SIGSTOP of a worker for 20 s, workers that come and go:
    0 lost, 0 doubled, 0 reordered, and no hole in any cursor.
    """
    primary, fallback = services
    bench.environment |= settings_on(primary, fallback)
    workers = [bench.start(), bench.start()]
    until(lambda: all("assigned" in worker.said() for worker in workers), "two members")
    talks = [talk(number, SystemClock().now_us()) for number in range(BOTS)]
    voices = threading.Thread(target=speak, args=(bench, talks))
    voices.start()
    try:
        kill_everything(bench, workers, primary, broker)
    finally:
        voices.join()
    until(lambda: settled(bench, talks), "every cursor at the end")
    assert_every_word_is_there(talks, by_bot(bench))
    kinds = {event.kind for each in talks for event in bench.sessions(each.bot_id)}
    assert kinds >= {SessionKind.FAILED, SessionKind.FAILOVER}
