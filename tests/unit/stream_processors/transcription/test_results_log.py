"""What the transcription worker asks the ends of the log for, without a broker."""

from threading import Event, Thread
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from schemas.codec import Codec
from stream_processors.transcription.log import log_shell
from stream_processors.transcription.log.log_shell import ResultsLog
from tests.fakes.fixed_schemas import FixedSchemas


class Ends:
    """A client whose broker answers; `asked` counts."""

    def __init__(self, _: object) -> None:
        self.asked = 0

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        self.asked += 1
        return 0, 7


def test_who_leaves_asks_no_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is away would hold up the end of the process once for each partition."""
    monkeypatch.setattr(log_shell, "Consumer", Ends)
    results = ResultsLog("nowhere:9", Codec(FixedSchemas()), "live")
    assert results.audio_ends([0, 1]) == {0: 7, 1: 7}
    results.leave()
    assert results.audio_ends([0, 1]) == {}


class Away(Ends):
    """A client whose broker is away."""

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        self.asked += 1
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def test_while_the_broker_is_away_nobody_knows_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of ours to be counted and logged as one every second; the next partition need not be asked."""
    monkeypatch.setattr(log_shell, "Consumer", Away)
    results: Any = ResultsLog("nowhere:9", Codec(FixedSchemas()), "live")
    assert results.audio_ends([0, 1]) == {}
    assert results._consumer.asked == 1


class Slow(Ends):
    """A client whose broker takes its time over the first answer."""

    def __init__(self, _: object) -> None:
        super().__init__(_)
        self.inside, self.answer = Event(), Event()

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        self.inside.set()
        self.answer.wait(10)
        return super().get_watermark_offsets()


def test_one_thread_asks_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebalance reads the results' tail while the ends are measured: the second waits for the first."""
    monkeypatch.setattr(log_shell, "Consumer", Slow)
    results: Any = ResultsLog("nowhere:9", Codec(FixedSchemas()), "live")
    first, second = (Thread(target=results.audio_ends, args=([0],)) for _ in range(2))
    first.start()
    assert results._consumer.inside.wait(10)
    results._consumer.inside.clear()
    second.start()
    assert not results._consumer.inside.wait(0.1)
    results._consumer.answer.set()
    first.join()
    second.join()
    assert results._consumer.asked == 2
