"""Sessions that count what they are sent and answer every `finalize` with a declaration."""

import asyncio
from collections.abc import AsyncIterator

from schemas.timebase import BYTES_PER_SAMPLE
from schemas.vocabulary import ResultKind
from stream_processors.transcription.providers.interface import Capabilities, ProviderResult, SessionRequest


class NoSession:
    """Hears everything, says nothing."""

    def __init__(self) -> None:
        self._samples = 0
        self._results: asyncio.Queue[ProviderResult | None] = asyncio.Queue()

    async def send(self, pcm: bytes) -> None:
        self._samples += len(pcm) // BYTES_PER_SAMPLE

    async def finalize(self) -> None:
        self._results.put_nowait(ProviderResult(ResultKind.SKIPPED, self._samples))

    async def results(self) -> AsyncIterator[ProviderResult]:
        while (result := await self._results.get()) is not None:
            yield result

    async def close(self) -> None:
        self._results.put_nowait(None)


class NoProvider:
    """There is always room."""

    capabilities = Capabilities(provider="none", model="", language="", final_timeout_ms=10_000)

    async def start(self) -> None:
        """Nothing to find out."""

    async def open(self, request: SessionRequest) -> NoSession:
        return NoSession()

    async def stop(self) -> None:
        """Nothing to let go of."""
