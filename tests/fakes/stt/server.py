"""A fake speech service on 127.0.0.1: handshakes, connections, and the knobs on HTTP beside them.

`GET /knobs`, `POST /knobs` (a JSON object with what is to change), `GET /connections` (what happened on each),
`POST /drop` (break every connection now), and the vendor's own path for the WebSocket.
"""

import asyncio
import contextlib
from typing import Protocol

import msgspec
from aiohttp import WSMsgType, web

from schemas.settings import TranscribeSettings
from stream_processors.transcription.providers.interface import Provider
from stream_processors.transcription.providers.local.adapter import LocalProvider
from stream_processors.transcription.providers.local.config import LocalConfig
from tests.fakes.stt.ear import Ear, NumberedEar, ScriptedEar
from tests.fakes.stt.engine_ear import EngineEar
from tests.fakes.stt.knobs import Knobs, Words, turned
from tests.fakes.stt.line import Gone, Line, Meter, Record, listed
from tests.fakes.stt.spoken_ear import SpokenEar

HOST = "127.0.0.1"
STUCK_S = 3600.0


class Talk(Protocol):
    """A vendor's side of one conversation. Both raise Gone when it is over."""

    async def audio(self, pcm: bytes) -> None: ...

    async def control(self, text: str) -> None: ...

    async def idle(self) -> None:
        """Nothing came for `idle_timeout_s`."""
        ...


class Vendor(Protocol):
    """How a vendor's service answers at the door."""

    name: str
    path: str

    def refusal(self, request: web.Request, knobs: Knobs) -> web.Response | None:
        """An HTTP answer instead of a socket."""
        ...

    def too_many(self) -> web.Response | None:
        """The same over the concurrency cap; None where the vendor says it on the socket."""
        ...

    def rate_hz(self, request: web.Request) -> int: ...

    async def begin(self, request: web.Request, line: Line, meter: Meter, ear: Ear, server: "FakeServer") -> Talk:
        """The socket is open."""
        ...


class FakeServer:
    """Listens on `port` (0: any free one) from `start` to `stop`."""

    def __init__(self, vendor: Vendor, knobs: Knobs | None = None, *, port: int = 0, decoders: int = 3) -> None:
        self.knobs = knobs or Knobs()
        self.port = port
        self.records: list[Record] = []
        self._vendor = vendor
        self._decoders = decoders
        self._engine: Provider | None = None
        self._starting = asyncio.Lock()
        self._open: set[Line] = set()
        self._handlers: set[asyncio.Task[object]] = set()
        application = web.Application()
        application.router.add_get(vendor.path, self._connect)
        application.router.add_get("/knobs", self._show)
        application.router.add_post("/knobs", self._turn)
        application.router.add_get("/connections", self._connections)
        application.router.add_post("/drop", self._drop)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)

    @property
    def url(self) -> str:
        """What the adapter is given instead of the vendor's address."""
        return f"ws://{HOST}:{self.port}{self._vendor.path}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def turn(self, **changes: object) -> None:
        """Turn knobs by name."""
        self.knobs = turned(self.knobs, msgspec.json.encode(changes))

    def drop_all(self) -> int:
        """Break every connection now; how many there were."""
        lines = list(self._open)
        for line in lines:
            line.drop()
        return len(lines)

    async def all_gone(self, deadline_s: float) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(deadline_s):
            await asyncio.gather(*self._handlers, return_exceptions=True)

    async def start(self) -> None:
        """Port taken: OSError."""
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.drop_all()
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._runner.cleanup()
        if self._engine:
            await self._engine.stop()

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._refusal(request)
        if refusal is not None:
            return refusal
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        record = Record(len(self.records), dict(request.query))
        self.records.append(record)
        line = Line(request, socket, record)
        task = asyncio.current_task()
        assert task
        self._handlers.add(task)
        self._open.add(line)
        try:
            with contextlib.suppress(Gone, ConnectionError):
                await self._converse(request, socket, line)
        finally:
            self._open.discard(line)
            self._handlers.discard(task)
            record.ended = record.ended or f"client {socket.close_code}"
            await line.end()
        return socket

    async def _refusal(self, request: web.Request) -> web.StreamResponse | None:
        if self._spend("handshake_times", self.knobs.handshake_stall or self.knobs.handshake_status > 0):
            if self.knobs.handshake_stall:
                await asyncio.sleep(STUCK_S)
            headers = self.knobs.handshake_headers
            return web.Response(status=self.knobs.handshake_status, headers=headers)
        cap = self.knobs.concurrency_cap
        over = self._vendor.too_many() if cap and len(self._open) >= cap else None
        return self._vendor.refusal(request, self.knobs) or over

    async def _converse(self, request: web.Request, socket: web.WebSocketResponse, line: Line) -> None:
        rate_hz = self._vendor.rate_hz(request)
        ear = await self._ear(rate_hz)
        meter = Meter(line, faulty=self._spend("faulty_connections", True), bytes_per_s=rate_hz * 2)
        try:
            await self._hear(socket, line, meter, await self._vendor.begin(request, line, meter, ear, self))
        finally:
            await ear.close()

    async def _hear(self, socket: web.WebSocketResponse, line: Line, meter: Meter, talk: Talk) -> None:
        while True:
            try:
                message = await socket.receive(self.knobs.idle_timeout_s or None)
            except TimeoutError:
                await talk.idle()
                continue
            if message.type is WSMsgType.BINARY:
                await self._audio(talk, meter, message.data)
            elif message.type is WSMsgType.TEXT:
                line.record.controls.append((line.record.received_bytes, message.data))
                await talk.control(message.data)
            else:
                return

    async def _audio(self, talk: Talk, meter: Meter, pcm: bytes) -> None:
        await talk.audio(pcm if not pcm else await meter.admit(pcm, self.knobs))
        await meter.after(self.knobs)

    def _spend(self, knob: str, wanted: bool) -> bool:
        """Whether a fault that is to happen only so many times happens now."""
        left: int = getattr(self.knobs, knob)
        if not wanted or left == 0:
            return False
        if left > 0:
            self.turn(**{knob: left - 1})
        return True

    async def _ear(self, rate_hz: int) -> Ear:
        if self.knobs.words is Words.SCRIPT:
            return ScriptedEar(self.knobs.script, rate_hz)
        if self.knobs.words is Words.NUMBERS:
            return NumberedEar()
        if self.knobs.words is Words.SPOKEN:
            return SpokenEar(rate_hz)
        async with self._starting:
            if self._engine is None:
                self._engine = LocalProvider(LocalConfig(self._decoders or TranscribeSettings().decoders))
                await self._engine.start()
        return await EngineEar.on(self._engine)

    async def _show(self, _request: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.knobs), content_type="application/json")

    async def _turn(self, request: web.Request) -> web.Response:
        try:
            self.knobs = turned(self.knobs, await request.read())
        except msgspec.DecodeError as error:
            return web.Response(status=400, text=f"{error}\n")
        return await self._show(request)

    async def _connections(self, _request: web.Request) -> web.Response:
        return web.Response(body=listed(self.records), content_type="application/json")

    async def _drop(self, _request: web.Request) -> web.Response:
        return web.Response(text=f"{self.drop_all()}\n")
