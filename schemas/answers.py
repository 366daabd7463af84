"""SHELL: what the broker answers to a producer, heard in the running event loop."""

import asyncio
from collections.abc import Callable

from confluent_kafka import Producer

ASK_S = 0.002


class Answers:
    """Asks every few milliseconds, while answers are due: callbacks of records run in the loop, and no thread has to wake it.

    `then` is called after each time of asking.
    """

    def __init__(self, producer: Producer, then: Callable[[], None] = lambda: None) -> None:
        self._producer = producer
        self._then = then
        self._timer: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()

    def due(self) -> None:
        """A record was produced; call it in the loop."""
        if self._timer is None:
            self._quiet.clear()
            self._timer = asyncio.get_running_loop().call_later(ASK_S, self._ask)

    async def all_heard(self) -> None:
        """Until every record has its answer, those too that an answer made us write."""
        await self._quiet.wait()

    def stop(self) -> None:
        """Ask no more."""
        if self._timer:
            self._timer.cancel()

    def _ask(self) -> None:
        self._producer.poll(0)
        self._then()
        self._timer = None
        if len(self._producer):
            self.due()
        else:
            self._quiet.set()
