"""Receivers that are glad of everything, as one process: `python -m infra.benchmarks.webhook_receiver PORT REPORT [HANGING]`.

Endpoints differ by path, /e/NUMBER; those below HANGING never answer. On SIGTERM REPORT gets one JSON line: how many came,
and how late each was by the `timestamp` in its body, by endpoint.
"""

import asyncio
import signal
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import msgspec
from aiohttp import web

from schemas.timebase import SystemClock

FOR_EVER_S = 3600.0


class _Body(msgspec.Struct):
    timestamp: datetime


class Report(msgspec.Struct, frozen=True):
    """`late_ms` by endpoint number, in order of arrival."""

    late_ms: dict[int, list[float]]


async def serve(port: int, hanging: int) -> Report:
    """Until SIGTERM."""
    late_ms: dict[int, list[float]] = defaultdict(list)
    clock, ended = SystemClock(), asyncio.Event()
    decoder = msgspec.json.Decoder(_Body)

    async def post(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        body = await request.read()
        if number < hanging:
            await asyncio.sleep(FOR_EVER_S)
        happened_ms = decoder.decode(body).timestamp.timestamp() * 1000
        late_ms[number].append(clock.now_us() / 1000 - happened_ms)
        return web.Response(status=204)

    async def count(_: web.Request) -> web.Response:
        return web.Response(text=str(sum(map(len, late_ms.values()))))

    application = web.Application()
    application.router.add_post("/e/{number}", post)
    application.router.add_get("/count", count)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await runner.cleanup()
    return Report(dict(late_ms))


if __name__ == "__main__":
    told = asyncio.run(serve(int(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(told))
