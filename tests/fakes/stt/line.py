"""One connection of a fake service: what came in, what goes out late, and how it breaks."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from tests.fakes.stt.knobs import Knobs


@dataclass
class Record:
    """What happened on a connection, for tests. Spans are (from, to) in its own samples; controls are (byte, text)."""

    number: int
    query: dict[str, str]
    received_bytes: int = 0
    pieces_bytes: list[int] = field(default_factory=list)
    controls: list[tuple[int, str]] = field(default_factory=list)
    finals: list[tuple[int, int]] = field(default_factory=list)
    said: int = 0
    ended: str = ""


class Gone(Exception):
    """The connection is over."""


class Line:
    """Messages leave in order, each `latency_ms` after it was said."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, record: Record) -> None:
        self.record = record
        self.stalled = False
        self.malformed = False
        self._request = request
        self._socket = socket
        self._queue: asyncio.Queue[tuple[float, str | tuple[int, str]]] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send())
        self._loop = asyncio.get_running_loop()

    def say(self, message: dict[str, Any], latency_ms: int = 0) -> None:
        """Nothing is said on a line that is stalled."""
        if self.stalled:
            return
        text = json.dumps(message)
        text = text[: len(text) // 2] if self.malformed else text
        self.malformed = False
        self.record.said += 1
        self._queue.put_nowait((self._loop.time() + latency_ms / 1000, text))

    async def hang_up(self, code: int, reason: str = "") -> None:
        """Say what is still to be said, then close; raises Gone."""
        self.record.ended = str(code)
        self._queue.put_nowait((0.0, (code, reason)))
        await asyncio.wait([self._sender])
        raise Gone

    def drop(self) -> None:
        """Break the connection without a word."""
        self.record.ended = self.record.ended or "dropped"
        if self._request.transport is not None:
            self._request.transport.abort()

    async def end(self) -> None:
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    async def _send(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                due, said = await self._queue.get()
                await asyncio.sleep(due - self._loop.time())
                if isinstance(said, tuple):
                    await self._socket.close(code=said[0], message=said[1].encode())
                    return
                await self._socket.send_str(said)


class Meter:
    """Counts audio on one line and breaks it where the knobs say; without `faulty` only limits of the service count.

    `cut`: of what was last sent only a part was let in, because the line breaks there.
    """

    def __init__(self, line: Line, *, faulty: bool, bytes_per_s: int) -> None:
        self._line = line
        self._faulty = faulty
        self._bytes_per_s = bytes_per_s
        self._began_at: float | None = None
        self.cut = False

    async def admit(self, pcm: bytes, knobs: Knobs) -> bytes:
        """As much of `pcm` as comes before the break, if there is one; raises Gone after it."""
        record = self._line.record
        if self._began_at is None:
            self._began_at = asyncio.get_running_loop().time()
        before = record.received_bytes
        cut = self._break_at(knobs) if self._faulty else None
        kept = pcm if cut is None else pcm[: max(0, cut - before)]
        self.cut = len(kept) < len(pcm)
        record.received_bytes += len(kept)
        record.pieces_bytes.append(len(kept))
        if self._faulty:
            self._line.stalled = _reached(knobs.stall_after_bytes, record.received_bytes)
            self._line.malformed = _reached(knobs.malformed_after_bytes, record.received_bytes)
        return kept

    async def after(self, knobs: Knobs) -> None:
        """Break the line if this is the place."""
        if not self._faulty:
            return
        received = self._line.record.received_bytes
        if _reached(knobs.drop_after_bytes, received):
            self._line.drop()
            raise Gone
        if _reached(knobs.close_after_bytes, received):
            await self._line.hang_up(knobs.close_code, knobs.close_reason)
        if _reached(knobs.slow_read_after_bytes, received):
            self._line.stalled = True
            await asyncio.get_running_loop().create_future()

    def ahead_s(self, pace: float) -> float:
        """How much earlier the audio came than `pace` allows; a second is forgiven."""
        if not pace or self._began_at is None:
            return 0.0
        allowed_s = (asyncio.get_running_loop().time() - self._began_at) * pace + 1
        return self._line.record.received_bytes / self._bytes_per_s - allowed_s

    @property
    def heard_ms(self) -> int:
        return self._line.record.received_bytes * 1000 // self._bytes_per_s

    def _break_at(self, knobs: Knobs) -> int | None:
        places = (knobs.drop_after_bytes, knobs.close_after_bytes)
        return min((place for place in places if place is not None), default=None)


def _reached(place: int | None, received: int) -> bool:
    return place is not None and received >= place


def listed(records: list[Record]) -> bytes:
    """The records as JSON."""
    return msgspec.json.encode(records)
