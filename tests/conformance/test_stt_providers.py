"""What every provider owes its caller. A new provider adds a line to PROVIDERS and runs this.

A service in the cloud is asked through its fake (a line in `services.FAKES`); what it owes when things go wrong is in
test_stt_services.py.
"""

import asyncio
import os
from collections.abc import AsyncIterator

import psutil
import pytest

from schemas.settings import TranscribeSettings
from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.providers.interface import (
    Provider,
    ProviderError,
    ProviderResult,
    ProviderSession,
    SessionRequest,
)
from stream_processors.transcription.providers.registry import PROVIDERS, make_providers
from tests.fakes.audio_records import spoken
from tests.fakes.stt.knobs import Words
from tests.fakes.stt.services import FAKES, service

TEXT = "the meeting begins at nine tomorrow morning"
PIECE = 5 * BYTES_PER_UNIT
DEADLINE_S = 60.0
SETTLED = (ResultKind.FINAL, ResultKind.END_OF_TURN, ResultKind.SKIPPED)
SCRIPT = tuple((f"s{n}", 300 * n + 100, 300 * n + 300) for n in range(60))


@pytest.fixture(params=sorted(PROVIDERS))
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Each provider there is, started; a service on its fake, which hears a script."""
    if request.param in FAKES:
        async with service(request.param, words=Words.SCRIPT, script=SCRIPT) as made:
            yield made.provider
        return
    made = make_providers(TranscribeSettings(provider=request.param, decoders=2, decoders_give_way=False))[
        request.param
    ]
    await made.start()
    yield made
    await made.stop()


async def opened(provider: Provider, speaker: str = "bot/stream") -> ProviderSession:
    return await provider.open(SessionRequest("stt_1", speaker, 1))


async def say(session: ProviderSession, pcm: bytes) -> None:
    for at in range(0, len(pcm), PIECE):
        await session.send(pcm[at : at + PIECE])


async def until_final(session: ProviderSession, to_sample: int) -> list[ProviderResult]:
    """Results up to the one that settles everything before `to_sample`."""
    found: list[ProviderResult] = []
    async with asyncio.timeout(DEADLINE_S):
        async for result in session.results():
            found.append(result)
            if result.kind is not ResultKind.PARTIAL and result.to_sample >= to_sample:
                return found
    raise AssertionError("the results ended without a final")


async def test_a_final_reaches_to_the_last_sample_sent(provider: Provider) -> None:
    """After `finalize` a final covers everything, to the sample; all words lie inside, those of finals side by side."""
    session = await opened(provider)
    pcm = spoken(TEXT)
    await say(session, pcm)
    await session.finalize()
    results = await until_final(session, len(pcm) // 2)
    assert results[-1].to_sample == len(pcm) // 2
    settled_to = [result.to_sample for result in results if result.kind in SETTLED]
    assert settled_to == sorted(settled_to)
    for result in results:
        edges = [edge for word in result.words for edge in (word.from_sample, word.to_sample)]
        assert edges == sorted(edges)
        assert all(0 <= edge <= result.to_sample for edge in edges)
        assert all(word.confidence is None or 0 <= word.confidence <= 1 for word in result.words)
    settled = [word.from_sample for result in results if result.kind in SETTLED for word in result.words]
    assert settled == sorted(settled)
    await session.close()


async def test_a_session_hears_one_utterance_after_the_other(provider: Provider) -> None:
    """The clock goes on; what comes after the first final speaks only of the second utterance."""
    session = await opened(provider)
    pcm = spoken(TEXT)
    for number in (1, 2):
        await say(session, pcm)
        await session.finalize()
        results = await until_final(session, number * len(pcm) // 2)
        assert results[-1].to_sample == number * len(pcm) // 2
        assert all(word.from_sample >= (number - 1) * len(pcm) // 2 for result in results for word in result.words)
    await session.close()


async def test_a_final_without_new_audio_comes_too(provider: Provider) -> None:
    """Nothing was sent, or nothing since the last final, or nothing but silence: the answer is empty, and there is one."""
    session = await opened(provider)
    for silence, to_sample in ((b"", 0), (bytes(PIECE), PIECE // 2), (b"", PIECE // 2)):
        await session.send(silence)
        await session.finalize()
        final = (await until_final(session, to_sample))[-1]
        assert (final.to_sample, final.words) == (to_sample, ())
    await session.close()


async def test_more_voices_than_places_all_get_their_turn(provider: Provider) -> None:
    """Whoever finds no place waits; nobody is refused and nobody is forgotten."""

    async def converse(number: int) -> int:
        session = await opened(provider, f"bot/{number}")
        pcm = spoken(TEXT)
        await say(session, pcm)
        await session.finalize()
        final = (await until_final(session, len(pcm) // 2))[-1]
        await session.close()
        return final.to_sample

    expected = len(spoken(TEXT)) // 2
    async with asyncio.timeout(DEADLINE_S):
        assert await asyncio.gather(*(converse(n) for n in range(5))) == [expected] * 5


async def test_closing_ends_the_results_and_may_come_twice(provider: Provider) -> None:
    """In the middle of an utterance, too; the place is free again."""
    for _ in range(3):
        session = await opened(provider)
        await session.send(spoken(TEXT)[: SAMPLE_RATE_HZ * 2])
        await session.close()
        await session.close()
        async with asyncio.timeout(DEADLINE_S):
            left = [result async for result in session.results()]
        assert all(result.kind is ResultKind.PARTIAL for result in left)


@pytest.fixture
async def local() -> AsyncIterator[Provider]:
    """The local engine with one decoder."""
    made = make_providers(TranscribeSettings(provider="local", decoders=1, decoders_give_way=False))["local"]
    await made.start()
    yield made
    await made.stop()


async def decoder_of_ours() -> psutil.Process:
    """The one decoder process: the nursery's child, once the nursery has forked it."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            for nursery in psutil.Process(os.getpid()).children():
                for child in nursery.children() if "nursery" in " ".join(nursery.cmdline()) else []:
                    return child
            await asyncio.sleep(0.05)


async def test_local_words_are_what_was_said(local: Provider) -> None:
    """Most of a clear sentence, with times and confidence, and partials on the way."""
    session = await opened(local)
    await say(session, spoken(TEXT))
    await session.finalize()
    results = await until_final(session, len(spoken(TEXT)) // 2)
    heard = [word.text for word in results[-1].words]
    assert len(set(heard) & set(TEXT.split())) >= 5
    assert all(word.confidence is not None for word in results[-1].words)
    await session.close()


@pytest.mark.parametrize("victim", ["decoder", "nursery"])
async def test_local_a_killed_process_fails_the_session_and_is_replaced(local: Provider, victim: str) -> None:
    """The caller is told, and the next session works, also when the nursery had to be started again."""
    session = await opened(local)
    await session.send(spoken(TEXT)[: SAMPLE_RATE_HZ * 2])
    decoder = await decoder_of_ours()
    nursery = decoder.parent()
    victims = [nursery, decoder] if victim == "nursery" else [decoder]
    for process in victims:
        process.kill()
    await asyncio.to_thread(psutil.wait_procs, victims, 10)  # a kill takes a moment, and until then they take orders
    with pytest.raises(ProviderError) as caught:
        await until_final(session, len(spoken(TEXT)) // 2)
    assert caught.value.error_class is SttErrorClass.TRANSIENT
    await session.close()
    again = await opened(local)
    await say(again, spoken(TEXT))
    await again.finalize()
    assert (await until_final(again, len(spoken(TEXT)) // 2))[-1].words
    await again.close()


async def test_local_leaves_nobody_behind(local: Provider) -> None:
    """After `stop` the nursery and every decoder are gone."""
    decoder = await decoder_of_ours()
    nursery = decoder.parent()
    await local.stop()
    _, alive = await asyncio.to_thread(psutil.wait_procs, [decoder, nursery], 10)
    assert alive == []
