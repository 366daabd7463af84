"""A receiver with knobs: the demo's real one, answering as badly as a test asks, and what its receipts amount to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from aiohttp import web

from infra.demo.receiver import Receipt, Receiver

SECRET = "whsec_ZWFyc2hvdC10ZXN0cy1vbmx5LW5vdC1hLXNlY3JldA=="


@dataclass(frozen=True)
class Fault:
    """One bad answer. `drop` takes the delivery, then breaks the connection; `stall_s` makes the sender wait."""

    status: int = 204
    stall_s: float = 0.0
    drop: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Knob = Callable[[Receipt, int], Fault | None]
"""What to do with a receipt that comes for the nth time (from 1); None: accept it."""


class FaultyReceiver:
    """Counts tries per message, those it refuses too. `knob` may be changed while it runs."""

    def __init__(self, secret: str = SECRET) -> None:
        self.knob: Knob = lambda _receipt, _nth: None
        self.tries: list[Receipt] = []
        self._times: dict[str, int] = {}
        self.receiver = Receiver(0, secret, answer=self._answer)

    @property
    def url(self) -> str:
        return self.receiver.url

    @property
    def receipts(self) -> list[Receipt]:
        return self.receiver.receipts

    def of(self, bot_id: str) -> list[Receipt]:
        """What was accepted of one bot, repeats too."""
        return [receipt for receipt in self.receipts if receipt.bot_id == bot_id]

    async def _answer(self, receipt: Receipt, request: web.Request) -> web.StreamResponse:
        self.tries.append(receipt)
        nth = self._times[receipt.message_id] = self._times.get(receipt.message_id, 0) + 1
        fault = self.knob(receipt, nth) or Fault()
        await asyncio.sleep(fault.stall_s)
        if fault.drop:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=fault.status, headers=dict(fault.headers), body=fault.body)


@asynccontextmanager
async def listening(secret: str = SECRET) -> AsyncIterator[FaultyReceiver]:
    """A receiver for as long as the block runs."""
    faulty = FaultyReceiver(secret)
    await faulty.receiver.start()
    try:
        yield faulty
    finally:
        await faulty.receiver.stop()


def first_deliveries(receipts: Iterable[Receipt], bot_id: str) -> list[Receipt]:
    """The bot's, without repeats, in order of arrival."""
    return [r for r in receipts if r.verified and r.bot_id == bot_id and not r.duplicate]


def out_of_order(receipts: Iterable[Receipt], bot_id: str) -> int:
    """How often a first delivery came after one with a larger number."""
    numbers = [receipt.sequence for receipt in first_deliveries(receipts, bot_id)]
    return sum(later < earlier for earlier, later in pairwise(numbers))


def missing(receipts: Iterable[Receipt], bot_id: str) -> set[int]:
    """Numbers below the largest that never came."""
    numbers = {receipt.sequence for receipt in first_deliveries(receipts, bot_id)}
    return set(range(max(numbers, default=-1) + 1)) - numbers


def unsigned(receipts: Iterable[Receipt]) -> int:
    return sum(not receipt.verified for receipt in receipts)
