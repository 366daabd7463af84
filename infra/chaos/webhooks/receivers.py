"""The receivers as one process: `python -m infra.chaos.webhooks.receivers FOLDER`, told by FOLDER/plan.json.

Every delivery that is accepted becomes a line of FOLDER/receipts.jsonl before it is answered.
"""

import asyncio
import random
import sys
from pathlib import Path

import msgspec
from aiohttp import web

from infra.chaos.webhooks.certificates import Certificates
from infra.chaos.webhooks.judge import Receipt
from infra.chaos.webhooks.plan import Fault, Receiver
from schemas.timebase import SystemClock

TICK_S = 0.05
STALL_S = 4.0
READY = "ready"


class _Data(msgspec.Struct):
    bot_id: str


class _Body(msgspec.Struct):
    sequence: int
    timestamp: str
    data: _Data


class Post:
    """One receiver's port."""

    def __init__(self, receiver: Receiver, report: Path, certificates: Certificates, started_ms: float) -> None:
        self._receiver = receiver
        self._report = report.open("ab", buffering=0)
        self._certificates = certificates
        self._clock = SystemClock()
        self._started_ms = started_ms
        self._chance = random.Random(receiver.endpoint_id)  # noqa: S311 - the same faults again
        self._site: web.TCPSite | None = None
        self._tls = certificates.context() if receiver.fault is Fault.BROKEN_TLS else None

    async def run(self) -> None:
        """Serve, and be away when it is time to."""
        application = web.Application()
        application.router.add_post("/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        while True:
            away = self._receiver.fault is Fault.OUTAGE and self._ill
            if away and self._site:
                await self._site.stop()
                self._site = None
            elif not away and not self._site:
                self._site = web.TCPSite(
                    self._runner, "127.0.0.1", self._receiver.port, ssl_context=self._tls, reuse_address=True
                )
                await self._site.start()
            if self._tls:
                self._certificates.load(self._tls, good=not self._ill)
            await asyncio.sleep(TICK_S)

    @property
    def _ill(self) -> bool:
        return self._receiver.ill((self._clock.monotonic_ms() - self._started_ms) / 1000)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read(), type=_Body)
        fault = self._receiver.fault if self._ill else Fault.NONE
        if fault is Fault.ERRORS and self._chance.random() < 0.5:
            return web.Response(status=500)
        if fault is Fault.STALL:
            await asyncio.sleep(STALL_S)
            return web.Response(status=503)
        if fault is Fault.SLOW_LORIS:
            return await self._dribble(request)
        self._write_down(request, body)
        if fault is Fault.DROP and self._chance.random() < 0.2 and request.transport:
            request.transport.abort()
        response = web.Response(status=204)
        if self._tls:
            response.force_close()  # so that the next one sees the certificate of its time
        return response

    async def _dribble(self, request: web.Request) -> web.StreamResponse:
        """An answer whose head never ends."""
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"o" * 60:
            if request.transport is None or request.transport.is_closing():
                break
            request.transport.write(bytes([byte]))
            await asyncio.sleep(0.2)
        if request.transport:
            request.transport.abort()
        return web.Response(status=503)

    def _write_down(self, request: web.Request, body: _Body) -> None:
        receipt = Receipt(
            endpoint_id=self._receiver.endpoint_id,
            bot_id=body.data.bot_id,
            sequence=body.sequence,
            message_id=request.headers["webhook-id"],
            happened_at=body.timestamp,
            received_at_us=self._clock.now_us(),
        )
        self._report.write(msgspec.json.encode(receipt) + b"\n")


async def serve(folder: Path) -> None:
    """Until killed."""
    plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=list[Receiver])
    certificates = Certificates(folder)
    started_ms = SystemClock().monotonic_ms()
    posts = [Post(receiver, folder / "receipts.jsonl", certificates, started_ms) for receiver in plan]
    async with asyncio.TaskGroup() as tasks:
        for post in posts:
            tasks.create_task(post.run())
        await asyncio.sleep(2 * TICK_S)
        (folder / READY).touch()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
