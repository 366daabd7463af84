"""Two brokers, every topic on both: leadership moves while people talk, by a death and by an election, and no word is lost."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, TopicMetadata

from infra.local.daemon import Daemon
from infra.local.kafka import Kafka
from infra.local.ports import HOST, Port, free_ports
from infra.local.stack import Stack
from schemas.settings import LocalSettings
from schemas.timebase import SystemClock
from schemas.topics import AUDIO_FRAMES, STT_RESULTS, TOPICS
from tests.fakes.stt.process import ServiceProcess
from tests.fakes.talking_bots import assert_every_word_is_there, by_bot, settings_on, settled, speak, talk
from tests.fakes.transcribe_bench import START_DEADLINE_S, TranscribeBench, benched
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
ANSWER_S, LOOK_S = 20.0, 5.0
BOTS = 6
ON_BOTH = ("offsets.topic.replication.factor=2",)
Leaders = dict[tuple[str, int], int]


@dataclass(frozen=True)
class SecondKafka(Kafka):
    """A broker beside the first, whose controller it obeys."""

    name: str = "kafka-2"

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port(self.port, "none"),)


@dataclass(frozen=True)
class Pair:
    """Both brokers; the second may be killed."""

    first: Kafka
    second: Daemon
    admin: AdminClient

    @property
    def bootstrap_servers(self) -> str:
        second = self.second.service
        assert isinstance(second, Kafka)
        return f"{self.first.bootstrap_servers},{second.bootstrap_servers}"

    def listed(self) -> dict[str, TopicMetadata]:
        """The topics; none while whoever was asked has just died."""
        with suppress(KafkaException):
            return self.admin.list_topics(timeout=LOOK_S).topics
        return {}

    def leaders(self) -> Leaders:
        """Who leads the partitions of audio and results."""
        listed = self.listed()
        ours = {name: listed[name] for name in (AUDIO_FRAMES.name, STT_RESULTS.name) if name in listed}
        return {(name, at): place.leader for name, topic in ours.items() for at, place in topic.partitions.items()}

    def whole(self) -> bool:
        """Whether both have everything; what is created is listed a moment later."""
        listed = self.listed()
        places = [listed[topic.name].partitions if topic.name in listed else {} for topic in TOPICS]
        return all(place and all(len(one.isrs) == 2 for one in place.values()) for place in places)

    def elect(self, places: Leaders) -> None:
        """Let everybody lead again who is to lead by rights."""
        partitions = [TopicPartition(*place) for place in places]
        self.admin.elect_leaders(ElectionType.PREFERRED, partitions).result(ANSWER_S)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """With all topics on both, half of the partitions led by each."""
    port, controller_port, second_port = free_ports(3)
    cache = LocalSettings().cache_dir
    first = Kafka(port, controller_port, cache, heap_mb=384, more=ON_BOTH)
    alone = ("process.roles=broker", "node.id=2", f"listeners=BROKER://{HOST}:{second_port}")
    second = SecondKafka(second_port, controller_port, cache, heap_mb=384, more=(*ON_BOTH, *alone))
    brokers = [Daemon(broker, tmp_path / broker.name, die_with_us=True) for broker in (first, second)]
    stack = Stack(brokers)
    try:
        stack.up(START_DEADLINE_S)
        yield on_both(
            Pair(first, brokers[1], AdminClient({"bootstrap.servers": first.bootstrap_servers, "log_level": 0}))
        )
    finally:
        stack.down(grace_s=3)


def on_both(pair: Pair) -> Pair:
    """Every topic created on both brokers."""
    until(lambda: len(pair.admin.list_topics(timeout=ANSWER_S).brokers) == 2, "two brokers")
    new = [NewTopic(topic.name, topic.partitions, 2, config=topic.config()) for topic in TOPICS]
    for created in pair.admin.create_topics(new).values():
        created.result(ANSWER_S)
    until(pair.whole, "every topic on both")
    return pair


@pytest.fixture
def bench(pair: Pair, tmp_path: Path) -> Iterator[TranscribeBench]:
    """A registry beside them, and the workers of one group."""
    with benched(pair.bootstrap_servers, tmp_path) as bench:
        yield bench


@pytest.fixture
def service() -> Iterator[ServiceProcess]:
    service = ServiceProcess("deepgram")
    service.start()
    yield service
    service.end()


def test_leadership_moves_while_people_talk_and_no_word_is_lost(
    pair: Pair, bench: TranscribeBench, service: ServiceProcess
) -> None:
    """The second broker is killed and half of the partitions get another leader; it comes back, and they are given back."""
    bench.environment |= settings_on(service)
    workers = [bench.start(), bench.start()]
    until(lambda: all("assigned" in worker.said() for worker in workers), "two members")
    by_rights = pair.leaders()
    assert set(by_rights.values()) == {1, 2}
    talks = [talk(number, SystemClock().now_us()) for number in range(BOTS)]
    voices = threading.Thread(target=speak, args=(bench, talks))
    voices.start()
    try:
        time.sleep(8)
        assert pair.second.process()
        pair.second.kill()
        until(lambda: set(pair.leaders().values()) == {1}, "the first leads all")
        time.sleep(6)
        pair.second.start()
        until(pair.whole, "the second caught up")
        pair.elect(by_rights)
        until(lambda: pair.leaders() == by_rights, "leadership given back")
    finally:
        voices.join()
    until(lambda: settled(bench, talks), "every cursor at the end")
    assert_every_word_is_there(talks, by_bot(bench))
