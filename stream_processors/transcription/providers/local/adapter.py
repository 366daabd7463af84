"""Sessions with the local engine: each utterance borrows a decoder process and gives it back with its final.

What the engine learned of a voice (its cepstral mean) is kept for each speaker and given to the next decoder.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec

from schemas.timebase import BYTES_PER_SAMPLE
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.hearing.resampling import RATIO, Resampler
from stream_processors.transcription.providers.interface import (
    Capabilities,
    ProviderError,
    ProviderResult,
    SessionRequest,
)
from stream_processors.transcription.providers.local.config import CAPABILITIES, LocalConfig
from stream_processors.transcription.providers.local.pool import Link, Pool
from stream_processors.transcription.providers.local.protocol import Frames, Heard, Kind, frame, words

REMEMBERED_SPEAKERS = 1000
RESULT_KINDS = {Kind.PARTIAL: ResultKind.PARTIAL, Kind.FINAL: ResultKind.FINAL}


def decoder_died() -> ProviderError:
    return ProviderError(
        "a decoder process died",
        error_class=SttErrorClass.TRANSIENT,
        code="decoder_died",
        remedy="see the kernel's log",
    )


class Voices:
    """The cepstral mean of each speaker, the engine's own text; the longest unheard are forgotten."""

    def __init__(self) -> None:
        self._means: OrderedDict[str, str] = OrderedDict()

    def recall(self, speaker_key: str) -> str:
        return self._means.get(speaker_key, "")

    def learn(self, speaker_key: str, mean: str) -> None:
        self._means[speaker_key] = mean
        self._means.move_to_end(speaker_key)
        if len(self._means) > REMEMBERED_SPEAKERS:
            self._means.popitem(last=False)


class Utterance:
    """A borrowed decoder and the utterance it hears, which begins at `from_sample` of the session."""

    def __init__(self, link: Link, from_sample: int) -> None:
        self.link = link
        self._from_sample = from_sample
        self._resampler = Resampler()

    async def begin(self, mean: str) -> None:
        await self._write(frame(Kind.BEGIN, mean.encode()))

    async def feed(self, pcm: bytes) -> None:
        await self._write(frame(Kind.AUDIO, self._resampler.feed(pcm)))

    async def end(self) -> None:
        await self._write(frame(Kind.AUDIO, self._resampler.flush()) + frame(Kind.END))

    async def heard(self) -> AsyncIterator[tuple[ResultKind, Heard]]:
        """Hypotheses until the final one; raises ProviderError when the decoder dies before."""
        frames = Frames()
        while data := await self.link.reader.read(65_536):
            for kind, body in frames.feed(data):
                yield RESULT_KINDS[kind], msgspec.json.decode(body, type=Heard)
                if kind is Kind.FINAL:
                    return
        raise decoder_died()

    def result(self, kind: ResultKind, heard: Heard) -> ProviderResult:
        """A hypothesis on the session's clock."""
        to_sample = self._from_sample + heard.samples * RATIO
        return ProviderResult(kind, to_sample, words(heard, self._from_sample))

    async def _write(self, data: bytes) -> None:
        try:
            self.link.writer.write(data)
            await self.link.writer.drain()
        except ConnectionError as error:
            raise decoder_died() from error


class LocalSession:
    """One voice. One utterance at a time: the next one borrows a decoder when the one before has its final."""

    def __init__(self, pool: Pool, voices: Voices, request: SessionRequest) -> None:
        self._pool = pool
        self._voices = voices
        self._request = request
        self._sent = 0
        self._numbered = 0
        self._current: Utterance | None = None
        self._listening: asyncio.Task[None] | None = None
        self._borrowed: Link | None = None
        self._results: asyncio.Queue[ProviderResult | ProviderError | None] = asyncio.Queue()

    async def send(self, pcm: bytes) -> None:
        if self._current is None:
            self._current = await self._begin()
        await self._current.feed(pcm)
        self._sent += len(pcm) // BYTES_PER_SAMPLE

    async def finalize(self) -> None:
        if self._current is None:
            self._results.put_nowait(ProviderResult(ResultKind.FINAL, self._sent))
            return
        utterance, self._current = self._current, None
        await utterance.end()

    async def results(self) -> AsyncIterator[ProviderResult]:
        while (result := await self._results.get()) is not None:
            if isinstance(result, ProviderError):
                raise result
            self._numbered += 1
            yield replace(result, result_id=str(self._numbered))

    async def close(self) -> None:
        self._results.put_nowait(None)
        if self._listening:
            self._listening.cancel()
        if self._borrowed:
            self._pool.discard(self._borrowed)
            self._borrowed = None

    async def _begin(self) -> Utterance:
        if self._listening:
            await asyncio.wait([self._listening])
        self._borrowed = await self._pool.borrow()
        utterance = Utterance(self._borrowed, self._sent)
        self._listening = asyncio.create_task(self._listen(utterance))
        await utterance.begin(self._voices.recall(self._request.speaker_key))
        return utterance

    async def _listen(self, utterance: Utterance) -> None:
        try:
            async for kind, heard in utterance.heard():
                if kind is ResultKind.FINAL:
                    self._voices.learn(self._request.speaker_key, heard.cmn)
                    self._give_back(utterance.link)
                self._results.put_nowait(utterance.result(kind, heard))
        except (ProviderError, ConnectionError):
            self._results.put_nowait(decoder_died())

    def _give_back(self, link: Link) -> None:
        self._borrowed = None
        self._pool.give_back(link)


class LocalProvider:
    """The engine on this machine."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(self, config: LocalConfig) -> None:
        self._pool = Pool(config)
        self._voices = Voices()

    async def start(self) -> None:
        await self._pool.start()

    async def open(self, request: SessionRequest) -> LocalSession:
        return LocalSession(self._pool, self._voices, request)

    async def stop(self) -> None:
        await self._pool.stop()
