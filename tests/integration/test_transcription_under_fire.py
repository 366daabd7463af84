"""Several `earshot transcribe` on a broker of their own with two services as processes: everything is killed while people
talk, and every word is on the log once, in order.
"""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import free_ports
from infra.local.stack import Stack
from infra.topics import create_topics
from schemas.settings import LocalSettings
from schemas.timebase import SystemClock
from schemas.vocabulary import SessionKind
from tests.fakes.stt.process import ServiceProcess
from tests.fakes.talking_bots import assert_every_word_is_there, by_bot, settings_on, settled, speak, talk
from tests.fakes.transcribe_bench import START_DEADLINE_S, TranscribeBench, TranscribeWorker, benched
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
BOTS = 6


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
    with benched(kafka.bootstrap_servers, tmp_path) as bench:
        yield bench


@pytest.fixture
def services() -> Iterator[tuple[ServiceProcess, ServiceProcess]]:
    """The primary and the fallback."""
    primary, fallback = ServiceProcess("deepgram"), ServiceProcess("assemblyai")
    primary.start()
    fallback.start()
    yield primary, fallback
    primary.end()
    fallback.end()


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
    assert broker.process()
    broker.kill()
    time.sleep(2)
    broker.start()


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
