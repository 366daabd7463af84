"""Where a worker's client reads on is told to it in its own thread, by both workers that use Faust."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka.errors import IllegalStateError
from faust.types import TP

from schemas.settings import TranscribeSettings
from stream_processors.faust_app import SteadyConsumer
from stream_processors.transcription.log.faust_shell import make_app as transcription_app
from stream_processors.turns.group.faust_shell import make_app as turns_app

PLACE = TP("stt.results", 1)
APPS: dict[str, Callable[[Path], faust.App]] = {
    "transcription": lambda folder: transcription_app(TranscribeSettings(), folder),
    "turns": lambda folder: turns_app("turns", "127.0.0.1:1", folder),
}


class ClientThread:
    """The thread as the consumer calls it: `seek` moves the client from wherever it is called."""

    def __init__(self) -> None:
        self.asked: list[dict[TP, int]] = []
        self.refusal: Exception | None = None

    def seek(self, *_: object) -> None:
        raise AssertionError("from the wrong thread")

    async def seek_wait(self, places: dict[TP, int]) -> None:
        self.asked.append(places)
        if self.refusal:
            raise self.refusal


@pytest.fixture(params=APPS)
def consumer(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Of an application that is never started."""
    consumer: Any = APPS[request.param](tmp_path).consumer
    consumer._thread.thread_loop.close()
    consumer._thread = ClientThread()
    return consumer


async def test_reading_again_moves_the_client_in_its_own_thread(consumer: SteadyConsumer) -> None:
    """From ours the client was found broken under load (KeyError), and the worker died of it."""
    await consumer.read_from({PLACE: 7})
    assert thread_of(consumer).asked == [{PLACE: 7}]


async def test_so_does_whatever_faust_seeks_itself(consumer: SteadyConsumer) -> None:
    """The turns worker's first record of a partition that nobody has committed anything for goes this way."""
    await consumer.seek(PLACE, 0)
    assert thread_of(consumer).asked == [{PLACE: 0}]


@pytest.mark.parametrize("refusal", [IllegalStateError("not assigned"), TimeoutError()])
async def test_a_place_that_is_not_ours_any_more_is_let_go_of(consumer: SteadyConsumer, refusal: Exception) -> None:
    """A rebalance came between: whoever has it now begins where it is to."""
    thread_of(consumer).refusal = refusal
    await consumer.read_from({PLACE: 7})
    assert thread_of(consumer).asked == [{PLACE: 7}]


def thread_of(consumer: Any) -> ClientThread:
    thread: ClientThread = consumer._thread
    return thread
