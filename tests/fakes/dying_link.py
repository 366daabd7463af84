"""A link between a receiver and a server that breaks in the middle of an answer, again and again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

MEGABYTE = 1_000_000


class DyingLink:
    """Leads to `port` of this machine. Its first `deaths` connections break after `allowance_bytes` of answer."""

    def __init__(self, port: int, deaths: int, allowance_bytes: int = 8 * MEGABYTE) -> None:
        self.deaths = 0
        self._port = port
        self._most_deaths = deaths
        self._allowance_bytes = allowance_bytes
        self._carrying: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def laid(self, url: str) -> AsyncIterator[str]:
        """`url` as it is reached through this link."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        try:
            yield url.replace(f":{self._port}/", f":{server.sockets[0].getsockname()[1]}/")
        finally:
            server.close()
            await asyncio.gather(*self._carrying)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        behind, ahead = await asyncio.open_connection("127.0.0.1", self._port)
        allowance = self._allowance_bytes if self.deaths < self._most_deaths else 10**9
        with suppress(OSError, asyncio.IncompleteReadError):
            ahead.write(await reader.readuntil(b"\r\n\r\n"))
            while piece := await behind.read(65_536):
                allowance -= len(piece)
                if allowance < 0:
                    self.deaths += 1
                    break
                writer.write(piece)
                await writer.drain()
        for end in (writer, ahead):
            end.transport.abort()
            with suppress(OSError):
                await end.wait_closed()
