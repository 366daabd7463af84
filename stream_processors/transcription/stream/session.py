"""SHELL: drives one provider session: carries out the machine's commands in order, and brings back what is said."""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from schemas.telemetry import PROCESS_ERRORS, STT_ERRORS, STT_SESSIONS_OPEN
from schemas.vocabulary import SttErrorClass
from stream_processors.transcription.providers.interface import (
    Provider,
    ProviderError,
    ProviderFailed,
    ProviderReady,
    ProviderSession,
    SessionRequest,
)
from stream_processors.transcription.stream.commands import Done, Finalize, Send, SessionNews

log = structlog.get_logger()


class Session:
    """`tell` gets what happened; after a ProviderFailed there is nothing more."""

    def __init__(self, provider: Provider, request: SessionRequest, tell: Callable[[str, SessionNews], None]) -> None:
        self._provider = provider
        self._request = request
        self._tell = tell
        self._waiting: deque[Send | Finalize] = deque()
        self._more = asyncio.Event()
        self.unsent_bytes = 0
        self._task = asyncio.create_task(self._run())

    def put(self, command: Send | Finalize) -> None:
        """Carry this out when its turn comes."""
        self._waiting.append(command)
        self.unsent_bytes += len(command.pcm) if isinstance(command, Send) else 0
        self._more.set()

    def close(self) -> None:
        """Let go; nothing is reported any more."""
        self._tell = _ignore
        self._task.cancel()

    async def closed(self) -> None:
        """Wait until the session is let go of; after `close`."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        """The session's whole life; whatever ends it but `close` is reported as a failure."""
        name = self._provider.capabilities.provider
        try:
            await self._converse(name)
            failure = ProviderFailed(SttErrorClass.TRANSIENT, "ended")
        except ProviderError as error:
            failure = ProviderFailed(error.error_class, error.code, error.remedy, error.retry_after_ms)
        except Exception as error:
            PROCESS_ERRORS.labels("transcribe", type(error).__name__).inc()
            log.exception("session_broke", provider=name, stt_session_id=self._request.session_id)
            failure = ProviderFailed(SttErrorClass.TRANSIENT, type(error).__name__)
        STT_ERRORS.labels(name, str(failure.error_class)).inc()
        self._happened(failure)

    async def _converse(self, name: str) -> None:
        session = await self._provider.open(self._request)
        with STT_SESSIONS_OPEN.labels(name).track_inprogress():
            self._happened(ProviderReady())
            try:
                await self._both_ways(session)
            finally:
                await session.close()

    async def _both_ways(self, session: ProviderSession) -> None:
        """Send and listen until one of them ends."""
        tasks = [asyncio.create_task(self._send(session)), asyncio.create_task(self._listen(session))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, session: ProviderSession) -> None:
        while True:
            await self._more.wait()
            while self._waiting:
                await self._carry_out(session, self._waiting[0])
                done = self._waiting.popleft()
                self.unsent_bytes -= len(done.pcm) if isinstance(done, Send) else 0
                self._happened(Done(done))
            self._more.clear()

    async def _carry_out(self, session: ProviderSession, command: Send | Finalize) -> None:
        if isinstance(command, Send):
            await session.send(command.pcm)
        else:
            await session.finalize()

    async def _listen(self, session: ProviderSession) -> None:
        async for result in session.results():
            self._happened(result)

    def _happened(self, news: SessionNews) -> None:
        self._tell(self._request.session_id, news)


def _ignore(_: str, __: SessionNews) -> None:
    """What a closed session still says."""
