"""SHELL: drives one dialogue with a service over a WebSocket; it decides nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from schemas.telemetry import STT_REJECTED
from schemas.timebase import Clock, SystemClock
from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.dialogue import Dialogue, Frame, Move, Rejected, Reopen
from stream_processors.transcription.providers.interface import ProviderError, ProviderResult

CONNECT_S = 5.0
VERDICT_S = 1.0
GOODBYE_S = 0.5
LOST = 1006


@dataclass(frozen=True, slots=True)
class Door:
    """Where a provider's sockets come from. `refusal` says what a status instead of a socket means."""

    http: aiohttp.ClientSession
    provider: str
    url: str
    headers: Mapping[str, str]
    refusal: Callable[[int, Mapping[str, str]], ProviderError]
    remedy: str

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """A socket that takes audio; raises ProviderError."""
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self.http.ws_connect(self.url, headers=self.headers, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            raise self.refusal(error.status, error.headers or {}) from error
        except TimeoutError as error:
            raise self._unreachable("connect_timeout", f"no answer within {CONNECT_S:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable("connect_failed", type(error).__name__) from error

    def _unreachable(self, code: str, why: str) -> ProviderError:
        said = f"{self.provider} cannot be reached: {why}"
        return ProviderError(said, error_class=SttErrorClass.TRANSIENT, code=code, remedy=self.remedy)


class SocketSession:
    """A ProviderSession. `goodbye` tells the service that we leave, so that it does not wait, and bill, for us."""

    def __init__(self, door: Door, dialogue: Dialogue, goodbye: str, clock: Clock | None = None) -> None:
        self._door = door
        self._dialogue = dialogue
        self._goodbye = goodbye
        self._clock = clock or SystemClock()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reopening = False
        self._reopened = asyncio.Event()
        self._sending = asyncio.Lock()
        self._results: asyncio.Queue[ProviderResult | BaseException | None] = asyncio.Queue()
        self._verdict: asyncio.Future[ProviderError] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect; raises ProviderError."""
        self._socket = await self._door.connect()
        self._spawn(self._listen())
        self._set_timer()

    async def send(self, pcm: bytes) -> None:
        await self._act(lambda now_ms: self._dialogue.send(pcm, now_ms))

    async def finalize(self) -> None:
        await self._act(self._dialogue.finalize)

    async def results(self) -> AsyncIterator[ProviderResult]:
        while (result := await self._results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._results.put_nowait(None)
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket and not self._socket.closed:
            await self._leave(self._socket)

    async def _leave(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Say goodbye, if the service takes it soon; it may be the reason why we leave."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(socket.send_str(self._goodbye), GOODBYE_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(socket.close(), GOODBYE_S)

    async def _act(self, ask: Callable[[float], list[Move]]) -> None:
        """Ask the dialogue and carry out what it says, one caller at a time; raises ProviderError when all is over."""
        async with self._sending:
            if self._verdict.done():
                raise self._verdict.result()
            try:
                await self._carry_out(ask(self._clock.monotonic_ms()))
            except ProviderError as error:
                self._over(error)
                raise
        self._set_timer()

    async def _carry_out(self, moves: Iterable[Move]) -> None:
        for move in moves:
            match move:
                case Frame(data):
                    await self._write(data)
                case Reopen():
                    await self._reopen()
                case _:
                    self._take(move)

    def _take(self, said: ProviderResult | Rejected) -> None:
        if isinstance(said, Rejected):
            STT_REJECTED.labels(self._door.provider, said.reason).inc(max(1, said.words))
        else:
            self._results.put_nowait(said)

    async def _write(self, data: bytes | str) -> None:
        assert self._socket
        try:
            await (self._socket.send_str(data) if isinstance(data, str) else self._socket.send_bytes(data))
        except ConnectionError as error:
            raise await self._why() from error

    async def _why(self) -> ProviderError:
        """Writing failed: the reason comes in on the other side, if the service gave one."""
        await asyncio.wait([self._verdict], timeout=VERDICT_S)
        return self._verdict.result() if self._verdict.done() else self._lost()

    def _lost(self) -> ProviderError:
        failure = self._dialogue.closed(LOST, "")
        assert failure, "a socket we still write to was not done with"
        return failure

    async def _reopen(self) -> None:
        assert self._socket
        self._reopening = True
        await self._socket.close()
        self._socket = await self._door.connect()
        self._reopening = False
        self._reopened.set()

    async def _listen(self) -> None:
        """Until the session is over: one socket after the other."""
        try:
            while (socket := self._socket) is not None:
                code, reason = await self._hear_out(socket)
                left = self._reopening or socket is not self._socket
                failure = None if left else self._dialogue.closed(code, reason)
                if failure:
                    raise failure
                await self._reopened.wait()
                self._reopened.clear()
        except ProviderError as error:
            self._over(error)

    async def _hear_out(self, socket: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
        """Take in what the socket says; how it was closed."""
        while (message := await socket.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            text = message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
            for said in self._dialogue.heard(text, self._clock.monotonic_ms()):
                self._take(said)
            self._set_timer()
        if message.type is aiohttp.WSMsgType.CLOSE:
            return int(message.data or LOST), message.extra or ""
        return socket.close_code or LOST, ""

    def _over(self, error: ProviderError) -> None:
        if not self._verdict.done():
            self._verdict.set_result(error)
            self._results.put_nowait(error)

    def _set_timer(self) -> None:
        """Wake up for the deadline; one that only moved away is looked at when the old one comes."""
        deadline_ms = self._dialogue.deadline_ms
        if deadline_ms is None or self._closed or self._verdict.done():
            return
        loop = asyncio.get_running_loop()
        due_s = loop.time() + max(0.0, deadline_ms - self._clock.monotonic_ms()) / 1000
        if self._timer is None or self._timer.when() > due_s:
            if self._timer:
                self._timer.cancel()
            self._timer = loop.call_at(due_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._spawn(self._tick())

    async def _tick(self) -> None:
        with contextlib.suppress(ProviderError):  # `_over` has told whoever reads the results
            await self._act(self._dialogue.tick)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault that has no name ends the session: whoever reads the results gets it."""
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault:
            self._results.put_nowait(fault)
