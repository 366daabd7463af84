"""What every provider owes that is a service elsewhere: not a word lost or doubled, and a clear error, whatever breaks.

Each runs on its fake. In this audio every sample says which word it belongs to, so what was heard can be counted.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from schemas.errors import UsageError
from schemas.timebase import BYTES_PER_SAMPLE
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.providers import socket_session
from stream_processors.transcription.providers.assemblyai import protocol as assemblyai_protocol
from stream_processors.transcription.providers.deepgram import protocol as deepgram_protocol
from stream_processors.transcription.providers.interface import (
    Provider,
    ProviderError,
    ProviderResult,
    ProviderSession,
    SessionRequest,
)
from stream_processors.transcription.providers.registry import make_providers
from tests.fakes.stt.numbered_speech import silence, word
from tests.fakes.stt.services import FAKES, Service, service, settings_on

PIECE = 9_600
DEADLINE_S = 60.0
UTTERANCES = (range(1, 6), range(6, 30), range(30, 31))
SECOND = 96_000


@pytest.fixture(params=sorted(FAKES))
async def made(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    """Each service, with a fake that says something every 300 ms of audio."""
    async with service(request.param, interim_every_ms=300) as each:
        yield each


async def opened(made: Service) -> ProviderSession:
    async with asyncio.timeout(DEADLINE_S):
        return await made.provider.open(SessionRequest("stt_1", "bot/stream", 1))


def utterance(numbers: range) -> bytes:
    return silence(200) + b"".join(word(n) + silence(60) for n in numbers) + silence(500)


async def say(session: ProviderSession, pcm: bytes, piece: int = PIECE) -> None:
    for at in range(0, len(pcm), piece):
        await session.send(pcm[at : at + piece])


async def until(session: ProviderSession, to_sample: int) -> list[ProviderResult]:
    """The settled results up to `to_sample`."""
    found: list[ProviderResult] = []
    async with asyncio.timeout(DEADLINE_S):
        async for result in session.results():
            if result.kind is not ResultKind.PARTIAL:
                found.append(result)
            if found and found[-1].to_sample >= to_sample:
                return found
    raise AssertionError("the results ended without a final")


async def failure(session: ProviderSession) -> ProviderError:
    """What the session dies of."""
    with pytest.raises(ProviderError) as caught:
        await until(session, 2**62)
    return caught.value


async def refused(provider: Provider, *, start: bool = False) -> ProviderError | UsageError:
    """What keeps a session from being of use: at the start, at the door, or the first thing said on it."""
    try:
        if start:
            await provider.start()
        session = await provider.open(SessionRequest("stt_1", "bot/stream", 1))
    except (ProviderError, UsageError) as error:
        return error
    error = await failure(session)
    await session.close()
    return error


async def held_talk(made: Service, piece: int = PIECE) -> list[str]:
    """Three utterances on one session, a final asked for after each; every settled word in order."""
    session = await opened(made)
    heard: list[str] = []
    sent = 0
    for numbers in UTTERANCES:
        pcm = utterance(numbers)
        await say(session, pcm, piece)
        await session.finalize()
        sent += len(pcm) // BYTES_PER_SAMPLE
        results = await until(session, sent)
        assert results[-1].to_sample == sent
        heard += [spoken.text for result in results for spoken in result.words]
    await session.close()
    return heard


EVERY_WORD = [f"w{n}" for numbers in UTTERANCES for n in numbers]


@pytest.mark.parametrize("piece", [960 * 2, PIECE, 3 * SECOND, 1234])
async def test_every_word_comes_once_however_the_audio_is_cut(made: Service, piece: int) -> None:
    """In pieces of 20 ms, 100 ms, seconds, and of no round length: finals follow on, and have every word once."""
    assert await held_talk(made, piece) == EVERY_WORD


@pytest.mark.parametrize(
    "knobs",
    [
        {"duplicate_finals": True},
        {"late_finals": True},
        {"empty_finals": True},
        {"final_shorter_than_partial": False},
        {"latency_ms": 40},
        {"words_out_of_order": True},
        {"single_precision": True},
        {"finalize_reply": "always"},
        {"finalize_reply": "never"},
        {"finalize_reply": "never", "duplicate_finals": True, "late_finals": True},
    ],
    ids=str,
)
async def test_every_word_comes_once_whatever_the_service_does(
    made: Service, knobs: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finals that come twice, late, empty, in disorder, or not at all when they are asked for."""
    for protocol in (assemblyai_protocol, deepgram_protocol):
        monkeypatch.setattr(protocol, "ANSWER_MS", 200)
    made.server.turn(**knobs)
    assert sorted(await held_talk(made)) == sorted(EVERY_WORD)


async def test_the_check_itself_sees_a_lost_word(made: Service) -> None:
    """Negative control: audio that was not sent is not among the words."""
    session = await opened(made)
    pcm = utterance(range(1, 6))
    await say(session, pcm[: len(pcm) // 2])
    await session.finalize()
    heard = [spoken.text for result in await until(session, len(pcm) // 4) for spoken in result.words]
    assert heard != [f"w{n}" for n in range(1, 6)]
    await session.close()


async def test_words_of_the_past_are_not_taken(made: Service) -> None:
    """A service that gives words where everything is settled already: they are counted and left out."""
    session = await opened(made)
    first, second = utterance(range(1, 6)), utterance(range(6, 9))
    await say(session, first)
    await session.finalize()
    await until(session, len(first) // 2)
    made.server.turn(words_in_the_past_ms=60_000)
    await say(session, second)
    await session.finalize()
    results = await until(session, len(first + second) // 2)
    assert [spoken for result in results for spoken in result.words] == []
    await session.close()


async def test_a_broken_connection_is_an_error_with_a_class(made: Service) -> None:
    """In mid-utterance, without a word: another session may work."""
    made.server.turn(drop_after_bytes=2 * SECOND)
    session = await opened(made)
    await say(session, utterance(range(1, 6))[: 2 * SECOND])
    error = await failure(session)
    assert error.error_class is SttErrorClass.TRANSIENT
    assert error.code
    await session.close()


@pytest.mark.parametrize("code", [1011, 1012, 4000])
async def test_a_service_that_hangs_up_is_an_error_with_a_class(made: Service, code: int) -> None:
    """A close code of trouble at their side; what it said is in the error, and sending fails too."""
    made.server.turn(close_after_bytes=SECOND, close_code=code, close_reason="NET-0001 gone")
    session = await opened(made)
    await say(session, utterance(range(1, 6)))
    error = await failure(session)
    assert error.error_class is SttErrorClass.TRANSIENT
    assert "gone" in error.message
    with pytest.raises(ProviderError):
        await session.send(bytes(PIECE))
    await session.close()


async def test_a_wrong_key_is_fatal_and_names_the_setting(made: Service) -> None:
    """Nobody asks again with the same key."""
    made.server.turn(api_key="another-key")
    error = await refused(made.provider)
    assert isinstance(error, ProviderError)
    assert error.error_class is SttErrorClass.FATAL
    assert f"{made.prefix}API_KEY" in error.remedy


@pytest.mark.parametrize("change", [{"api_key": ""}, {"url": "http://127.0.0.1/"}], ids=str)
async def test_a_setting_that_cannot_work_stops_the_start(made: Service, change: dict[str, str]) -> None:
    """Before anything is asked of the service; the error names the setting."""
    with pytest.raises(UsageError) as caught:
        await make_providers(settings_on(made.name, made.server, **change))[made.name].start()
    assert f"{made.prefix}{next(iter(change)).upper()}" in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("change", [{"model": "no-such-model"}, {"language": "tlh"}], ids=str)
async def test_an_unknown_model_or_language_names_the_setting(made: Service, change: dict[str, str]) -> None:
    """At the start or when a session is opened; never as silence."""
    provider = make_providers(settings_on(made.name, made.server, **change))[made.name]
    error = await refused(provider, start=True)
    await provider.stop()
    assert isinstance(error, UsageError) or error.error_class is SttErrorClass.FATAL
    assert f"{made.prefix}{next(iter(change)).upper()}" in error.message + error.remedy


async def test_a_throttled_handshake_says_when_to_come_back(made: Service) -> None:
    """429 with Retry-After; the next handshake works."""
    made.server.turn(handshake_status=429, handshake_headers={"Retry-After": "7"}, handshake_times=1)
    with pytest.raises(ProviderError) as caught:
        await opened(made)
    assert caught.value.error_class is SttErrorClass.THROTTLED
    assert caught.value.retry_after_ms == 7000
    await (await opened(made)).close()


async def test_one_session_too_many_is_throttled(made: Service) -> None:
    """Over the service's concurrency limit, in the vendor's own way; a place that is left is free again."""
    made.server.turn(concurrency_cap=1)
    first = await opened(made)
    error = await refused(made.provider)
    assert isinstance(error, ProviderError)
    assert error.error_class is SttErrorClass.THROTTLED
    assert made.name in error.message.lower()
    await first.close()


@pytest.mark.parametrize(("code", "error_class"), [(3009, SttErrorClass.THROTTLED), (1008, SttErrorClass.THROTTLED)])
async def test_assemblyai_says_too_many_in_two_ways(code: int, error_class: SttErrorClass) -> None:
    """1008 is also what a wrong key is closed with: the reason tells."""
    async with service("assemblyai", concurrency_cap=1, concurrency_close_code=code) as made:
        first = await opened(made)
        error = await refused(made.provider)
        await first.close()
    assert isinstance(error, ProviderError)
    assert error.error_class is error_class


async def test_assemblyai_ends_a_session_as_planned() -> None:
    """At its longest: nobody is to blame, and another session follows."""
    async with service("assemblyai", session_max_ms=2_000) as made:
        session = await opened(made)
        await say(session, utterance(range(1, 6))[: 2 * SECOND + PIECE])
        error = await failure(session)
        await session.close()
    assert error.error_class is SttErrorClass.PLANNED_EXPIRY


async def test_deepgram_ends_a_session_nobody_keeps_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of KeepAlive: without it Deepgram closes the session, and says why."""
    monkeypatch.setattr(deepgram_protocol, "KEEP_ALIVE_MS", 60_000)
    async with service("deepgram", idle_timeout_s=0.2) as made:
        session = await opened(made)
        await session.send(bytes(PIECE))
        assert (await failure(session)).code == "NET-0001"
        await session.close()


@pytest.mark.parametrize("status", [500, 503])
async def test_a_service_in_trouble_is_transient(made: Service, status: int) -> None:
    """5xx may pass."""
    made.server.turn(handshake_status=status)
    with pytest.raises(ProviderError) as caught:
        await opened(made)
    assert caught.value.error_class is SttErrorClass.TRANSIENT


async def test_a_service_that_is_away_is_transient(made: Service) -> None:
    """Nobody listens there; the remedy names the setting of the address."""
    await made.server.stop()
    with pytest.raises(ProviderError) as caught:
        await opened(made)
    assert caught.value.error_class is SttErrorClass.TRANSIENT
    assert caught.value.code == "connect_failed"
    assert f"{made.prefix}URL" in caught.value.remedy


async def test_a_handshake_without_an_answer_is_given_up(made: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the connect timeout."""
    monkeypatch.setattr(socket_session, "CONNECT_S", 0.05)
    made.server.turn(handshake_stall=True)
    with pytest.raises(ProviderError) as caught:
        await opened(made)
    assert caught.value.code == "connect_timeout"


async def test_a_message_that_is_none_ends_the_session(made: Service) -> None:
    """Half a JSON document may have been a final: the audio is sent again on another session, nothing is guessed."""
    made.server.turn(malformed_after_bytes=SECOND)
    session = await opened(made)
    await say(session, utterance(range(1, 10)))
    error = await failure(session)
    assert (error.error_class, error.code) == (SttErrorClass.TRANSIENT, "malformed_message")
    await session.close()


async def test_audio_of_no_length_is_no_audio(made: Service) -> None:
    """An empty frame would end the session: none is sent."""
    session = await opened(made)
    for _ in range(3):
        await session.send(b"")
    await say(session, utterance(range(1, 6)))
    await session.send(b"")
    await session.finalize()
    sent = len(utterance(range(1, 6))) // 2
    assert [w.text for r in await until(session, sent) for w in r.words] == [f"w{n}" for n in range(1, 6)]
    assert 0 not in made.server.records[0].pieces_bytes
    await session.close()


async def test_a_service_that_stops_reading_makes_us_wait(made: Service) -> None:
    """`send` waits rather than to fill the memory, and the session can still be let go of."""
    made.server.turn(slow_read_after_bytes=SECOND)
    session = await opened(made)
    sending = asyncio.create_task(say(session, bytes(200 * SECOND), SECOND))
    done, _ = await asyncio.wait([sending], timeout=2)
    assert not done
    sending.cancel()
    async with asyncio.timeout(DEADLINE_S):
        await session.close()


async def test_a_session_that_is_left_says_goodbye(made: Service) -> None:
    """So that the service does not go on to wait, and to bill."""
    session = await opened(made)
    await say(session, utterance(range(1, 6)))
    await session.close()
    await made.server.all_gone(DEADLINE_S)
    assert made.server.records[0].controls
    assert made.server.records[0].ended in ("1000", "client 1000")
