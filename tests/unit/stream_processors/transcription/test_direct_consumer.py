"""Faust's consumer as the transcription worker uses it: what it waits for, and what it leaves to Faust."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas.settings import TranscribeSettings
from stream_processors.transcription.log.faust_shell import DirectConsumer, make_app


@pytest.fixture
async def consumer(tmp_path: Path) -> AsyncIterator[Any]:
    """Of an application that is never started: the loop of its thread never runs."""
    consumer: Any = make_app(TranscribeSettings(), tmp_path).consumer
    assert isinstance(consumer, DirectConsumer)
    yield consumer
    consumer._thread.thread_loop.close()


async def test_a_delivery_is_waited_for_and_nothing_breaks_it_off(consumer: Any) -> None:
    """Also while the group forms, which would set the event."""
    delivered = []

    async def deliver() -> None:
        await asyncio.sleep(0)
        delivered.append("record")

    suspended = asyncio.Event()
    suspended.set()
    await consumer.wait_first(deliver(), suspended.wait())
    assert delivered == ["record"]


async def test_what_faust_waits_for_itself_it_waits_for(consumer: Any) -> None:
    """`wait` of an event goes the same way: the consumer waits for it before it fetches again after a rebalance."""
    resumed = asyncio.Event()
    waiting = asyncio.ensure_future(consumer.wait(resumed))
    await asyncio.sleep(0)
    assert not waiting.done()
    resumed.set()
    await asyncio.wait_for(waiting, 5)


async def test_a_delivery_that_fails_is_told(consumer: Any) -> None:
    """Or the worker would go on as if it had the record."""

    async def fail() -> None:
        raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        await consumer.wait_first(fail(), asyncio.Event().wait())
