"""Decoder processes to borrow, as many as configured: whoever asks first gets the next one that is free."""

import asyncio
import contextlib
import socket
import subprocess
import sys

import structlog

from schemas.errors import Unavailable
from stream_processors.transcription.providers.local.config import LocalConfig
from stream_processors.transcription.providers.local.protocol import Frames, Kind

log = structlog.get_logger()
GIVE_WAY = "give-way"
NURSERY = "stream_processors.transcription.providers.local.nursery"
STOP_S = 5.0
REMEDY = "install what the local engine needs (`pip install pocketsphinx`), or set EARSHOT_PROVIDER"


class Link:
    """Our end of the socket to one decoder process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def dead(self) -> bool:
        return self.reader.at_eof() or self.writer.is_closing()

    async def close(self) -> None:
        """Hang up: the process at the other end ends. Whoever gives up waiting for that spoils it for nobody else."""
        self.writer.close()
        await asyncio.shield(self._closed())

    async def _closed(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Pool:
    """Keeps the nursery and its decoders. A decoder that died is replaced when it is found dead."""

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._nursery: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._links: set[Link] = set()
        self._free: asyncio.Queue[Link] = asyncio.Queue()
        self._spawning = asyncio.Lock()
        self._replacing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Load the model and fork the decoders; raises Unavailable when the engine does not work."""
        await self._start_nursery()
        for _ in range(self._config.decoders):
            self._free.put_nowait(await self._spawn())

    async def borrow(self) -> Link:
        """A decoder that is alive and in no utterance; waits in line for it."""
        while (link := await self._free.get()).dead:
            self.discard(link)
        return link

    def give_back(self, link: Link) -> None:
        """The decoder is in no utterance any more."""
        self._free.put_nowait(link)

    def discard(self, link: Link) -> None:
        """The decoder is dead, or in an utterance nobody wants: it ends, and another takes its place."""
        task = asyncio.create_task(self._replace(link))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def stop(self) -> None:
        """End the nursery and every decoder."""
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        for link in self._links:
            await link.close()
        await self._end_nursery()

    async def _replace(self, link: Link) -> None:
        await link.close()
        self._links.discard(link)
        self._free.put_nowait(await self._spawn())
        log.info("decoder_replaced")

    async def _spawn(self) -> Link:
        ours, theirs = socket.socketpair()
        with theirs:
            async with self._spawning:
                try:
                    self._hand_over(theirs)
                except OSError:
                    log.warning("nursery_died")
                    await self._end_nursery()
                    await self._start_nursery()
                    self._hand_over(theirs)
        link = Link(*await asyncio.open_unix_connection(sock=ours))
        self._links.add(link)
        return link

    async def _end_nursery(self) -> None:
        """Hang up, and wait until the process is gone."""
        if self._control and self._nursery:
            self._control.close()
            await asyncio.to_thread(self._nursery.wait, STOP_S)

    def _hand_over(self, descriptor: socket.socket) -> None:
        assert self._control
        socket.send_fds(self._control, [b"d"], [descriptor.fileno()])

    async def _start_nursery(self) -> None:
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        with theirs:
            manners = [GIVE_WAY] if self._config.give_way else []
            command = [sys.executable, "-m", NURSERY, str(theirs.fileno()), *manners]
            self._nursery = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, start_new_session=True
            )
        said: list[tuple[Kind, bytes]] = []
        with contextlib.suppress(TimeoutError):
            said = await asyncio.wait_for(self._first_words(self._control), self._config.start_timeout_s)
        if not said or said[0][0] is not Kind.READY:
            why = said[0][1].decode() if said else "it ended, or takes too long to load"
            raise Unavailable(f"the local speech engine does not start: {why}", remedy=REMEDY)

    async def _first_words(self, control: socket.socket) -> list[tuple[Kind, bytes]]:
        frames, loop = Frames(), asyncio.get_running_loop()
        while data := await loop.sock_recv(control, 4096):
            if said := frames.feed(data):
                return said
        return []
