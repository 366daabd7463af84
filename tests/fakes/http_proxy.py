"""An HTTP proxy with knobs: CONNECT tunnels and plain requests, refused with a status, or as a proxy that works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

BUFFER_BYTES = 65_536


@dataclass
class HttpProxy:
    """`refuse_with`: answer every request with this status (0: serve it). `asked` is the first line of each."""

    port: int = 0
    refuse_with: int = 0
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            self.asked.append(first)
            self.authorizations += [line for line in lines if line.lower().startswith("proxy-authorization")]
            if self.refuse_with:
                writer.write(f"HTTP/1.1 {self.refuse_with} No\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
            else:
                await self._pass_on(head, reader, writer)

    async def _pass_on(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split(" ", 2)
        host, _, port = target.removeprefix("http://").partition("/")[0].rpartition(":")
        behind, ahead = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            ahead.write(head.encode())
        try:
            await asyncio.gather(_pump(reader, ahead), _pump(behind, writer))
        finally:
            await _close(ahead)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(BUFFER_BYTES):
            sink.write(data)
            await sink.drain()
        sink.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def proxying(refuse_with: int = 0) -> AsyncIterator[HttpProxy]:
    """A proxy for as long as the block runs."""
    proxy = HttpProxy(refuse_with=refuse_with)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await proxy.serve(reader, writer)
        finally:
            await _close(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
