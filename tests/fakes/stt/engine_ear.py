"""A fake service that really listens: the local engine behind a vendor's wire, for demos and for speech by people."""

import asyncio

from schemas.timebase import BYTES_PER_UNIT
from schemas.vocabulary import ResultKind
from stream_processors.transcription.hearing.vad import Vad
from stream_processors.transcription.providers.interface import (
    Provider,
    ProviderResult,
    ProviderSession,
    SessionRequest,
)
from tests.fakes.stt.ear import HeardWord

PAUSE_SAMPLES = 4_800


class EngineEar:
    """One session with the engine; only 48 kHz."""

    def __init__(self, session: ProviderSession) -> None:
        self.words: list[HeardWord] = []
        self.position = 0
        self._session = session
        self._vad = Vad()
        self._unjudged = b""
        self._spoken_to = 0
        self._settled = asyncio.Event()
        self._final_to = 0
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def on(cls, engine: Provider) -> "EngineEar":
        return cls(await engine.open(SessionRequest("fake", "fake", 1)))

    @property
    def silence(self) -> int:
        return self.position - self._spoken_to

    @property
    def cuttable(self) -> bool:
        return self.silence >= PAUSE_SAMPLES

    async def hear(self, pcm: bytes) -> None:
        if not pcm:
            return
        await self._session.send(pcm)
        self.position += len(pcm) // 2
        judged = self._unjudged + pcm
        whole = len(judged) // BYTES_PER_UNIT * BYTES_PER_UNIT
        self._unjudged = judged[whole:]
        speech = self._vad.hear(judged[:whole], in_doubt=False)
        after = next((i for i, yes in enumerate(reversed(speech)) if yes), None)
        if after is not None:
            self._spoken_to = self.position - (len(self._unjudged) + after * BYTES_PER_UNIT) // 2

    async def settle(self) -> None:
        """Ask for the final, and wait for it."""
        self._settled.clear()
        await self._session.finalize()
        await self._settled.wait()

    def forget(self, before: int) -> None:
        self.words = [word for word in self.words if word.to_sample > before]

    async def close(self) -> None:
        await self._session.close()
        await self._listening

    async def _listen(self) -> None:
        async for result in self._session.results():
            self._heard(result)

    def _heard(self, result: ProviderResult) -> None:
        kept = [word for word in self.words if word.to_sample <= self._final_to]
        self.words = kept + [HeardWord(word.text, word.from_sample, word.to_sample) for word in result.words]
        if result.kind is not ResultKind.PARTIAL:
            self._final_to = result.to_sample
            self._settled.set()
