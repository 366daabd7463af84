"""The fake Deepgram is one: the vendor's own SDK transcribes with it, and its messages are the published ones."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import aiohttp
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results, ListenV1SpeechStarted, ListenV1UtteranceEnd

from tests.fakes.audio_records import spoken
from tests.fakes.stt.deepgram import Deepgram
from tests.fakes.stt.knobs import Words
from tests.fakes.stt.numbered_speech import silence, word
from tests.fakes.stt.server import FakeServer

SENTENCE = "the meeting begins at nine tomorrow morning"
PIECE = 9_600
DEADLINE_S = 60.0


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    made = FakeServer(Deepgram())
    await made.start()
    yield made
    await made.stop()


def client(server: FakeServer, key: str = "a-key") -> AsyncDeepgramClient:
    base = f"http://127.0.0.1:{server.port}"
    environment = DeepgramClientEnvironment(
        base=base, production=base.replace("http", "ws"), agent=base, agent_rest=base
    )
    return AsyncDeepgramClient(api_key=key, environment=environment)


async def transcribed(server: FakeServer, pcm: bytes, **options: str) -> list[object]:
    """Everything the SDK gave for `pcm`, up to the end."""
    found: list[object] = []
    asked = {"model": "nova-3", "encoding": "linear16", "sample_rate": 48000, "interim_results": True} | options
    async with asyncio.timeout(DEADLINE_S), client(server).listen.v1.connect(**asked) as socket:

        async def listen() -> None:
            found.extend([message async for message in socket])

        listening = asyncio.create_task(listen())
        for at in range(0, len(pcm), PIECE):
            await socket.send_media(pcm[at : at + PIECE])
        await socket.send_keep_alive()
        await socket.send_finalize()
        await socket.send_close_stream()
        await listening
    return found


def finals(found: list[object]) -> list[ListenV1Results]:
    return [message for message in found if isinstance(message, ListenV1Results) and message.is_final]


async def test_the_vendors_sdk_transcribes_with_it(server: FakeServer) -> None:
    """Typed messages of the SDK: spans without a hole, every word once, and the closing Metadata."""
    pcm = silence(500) + b"".join(word(n) + silence(60) for n in range(1, 31)) + silence(1500)
    found = await transcribed(server, pcm, endpointing=300, utterance_end_ms=1000, vad_events=True, punctuate=True)
    said = finals(found)
    assert [w.word for m in said for w in m.channel.alternatives[0].words] == [f"w{n}" for n in range(1, 31)]
    assert said[0].start == 0
    for before, after in pairwise(said):
        assert after.start == pytest.approx(before.start + before.duration)
    assert any(isinstance(m, ListenV1SpeechStarted) for m in found)
    assert any(isinstance(m, ListenV1UtteranceEnd) for m in found)
    assert any(m.speech_final for m in said)
    assert isinstance(found[-1], ListenV1Metadata)
    assert found[-1].duration == pytest.approx(len(pcm) / 96_000)


async def test_a_final_may_be_shorter_than_the_interim_before_it(server: FakeServer) -> None:
    """What the interim said beyond the final comes again: the trap in the vendor's own documentation."""
    pcm = b"".join(word(n) for n in range(1, 25))
    found = [m for m in await transcribed(server, pcm) if isinstance(m, ListenV1Results)]
    shorter = [
        (interim, final)
        for interim, final in pairwise(found)
        if not interim.is_final and final.is_final and final.duration < interim.duration
    ]
    assert shorter
    interim, final = shorter[0]
    cut = len(final.channel.alternatives[0].words)
    again = next(m for m in found[found.index(final) + 1 :])
    assert again.start == pytest.approx(final.start + final.duration)
    left_over = interim.channel.alternatives[0].words[cut].word
    assert again.channel.alternatives[0].words[0].word == left_over


async def test_the_sdk_is_refused_with_a_wrong_key(server: FakeServer) -> None:
    """401 at the handshake, with both headers."""
    server.turn(api_key="the-right-one")
    with pytest.raises(ApiError) as caught:
        async with client(server, "a-wrong-one").listen.v1.connect(model="nova-3"):
            pass
    assert caught.value.status_code == 401


async def test_it_transcribes_real_speech_with_the_local_engine(server: FakeServer) -> None:
    """For the demo: the same wire, and words of a person."""
    server.turn(words=Words.ENGINE)
    said = finals(await transcribed(server, spoken(SENTENCE), endpointing=300))
    heard = {w.word for m in said for w in m.channel.alternatives[0].words}
    assert len(heard & set(SENTENCE.split())) >= 5


async def test_knobs_are_turned_over_http(server: FakeServer) -> None:
    """While it runs; a knob nobody has is refused by name; what happened can be read."""
    base = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base}/knobs", json={"latency_ms": 5, "drop_after_bytes": None}) as answer:
            assert (await answer.json())["latency_ms"] == 5
        async with session.post(f"{base}/knobs", json={"latenzy_ms": 5}) as answer:
            assert answer.status == 400
            assert "latenzy_ms" in await answer.text()
        await transcribed(server, word(1) + silence(500))
        async with session.get(f"{base}/connections") as answer:
            [record] = await answer.json()
    assert record["received_bytes"] == 800 * 96
    assert [at for span in record["finals"] for at in span] == [0, 400 * 48, 400 * 48, 800 * 48]
    assert [text for _, text in record["controls"]][-1] == '{"type": "CloseStream"}'
    assert record["ended"] == "1000"
