"""What comes to a bot from its process instead of the meeting: signals, and how much memory is in use."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from producers.bot.happening import Happening, Measured, StopAsked
from producers.bot.resources import Meter

MEASURE_S = 2.0


@asynccontextmanager
async def watched(inbox: asyncio.Queue[Happening], meter: Meter) -> AsyncIterator[None]:
    """They come into the inbox too."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, inbox.put_nowait, StopAsked(number.name))
    measuring = asyncio.create_task(_measure(inbox, meter))
    try:
        yield
    finally:
        measuring.cancel()


async def _measure(inbox: asyncio.Queue[Happening], meter: Meter) -> None:
    while True:
        inbox.put_nowait(Measured(await asyncio.to_thread(meter.measure)))
        await asyncio.sleep(MEASURE_S)
