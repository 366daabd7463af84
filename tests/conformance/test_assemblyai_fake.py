"""The fake AssemblyAI is one: the vendor's own SDK transcribes with it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from assemblyai.streaming.v3 import (
    AsyncRealTimeTranscriber,
    Encoding,
    RealTimeError,
    RealTimeEvents,
    RealTimeParameters,
    RealTimeTranscriberOptions,
    SpeechModel,
    TerminationEvent,
    TurnEvent,
)

from tests.fakes.stt.assemblyai import AssemblyAI
from tests.fakes.stt.numbered_speech import silence, word
from tests.fakes.stt.server import FakeServer

PIECE = 9_600
DEADLINE_S = 60.0
SPEECH = b"".join(word(n) + silence(60) for n in range(1, 11)) + silence(600)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    made = FakeServer(AssemblyAI())
    await made.start()
    yield made
    await made.stop()


async def transcribed(server: FakeServer, pcm: bytes, *, piece: int = PIECE, **options: object) -> list[object]:
    """Everything the SDK gave for `pcm`: turns, errors, and the end."""
    found: list[object] = []
    host = f"ws://127.0.0.1:{server.port}"
    sdk = AsyncRealTimeTranscriber(RealTimeTranscriberOptions(api_key="a-key", api_host=host))
    for event in (RealTimeEvents.Turn, RealTimeEvents.Error, RealTimeEvents.Termination):
        sdk.on(event, lambda _client, said: found.append(said))
    asked = {"sample_rate": 48000, "encoding": Encoding.pcm_s16le, "format_turns": True} | options
    async with asyncio.timeout(DEADLINE_S):
        await sdk.connect(RealTimeParameters(**asked))
        for at in range(0, len(pcm), piece):
            await sdk.stream(pcm[at : at + piece])
        await sdk.force_endpoint()
        await sdk.disconnect(terminate=True)
    return found


def ended(found: list[object]) -> list[TurnEvent]:
    return [said for said in found if isinstance(said, TurnEvent) and said.end_of_turn]


async def test_the_vendors_sdk_transcribes_with_it(server: FakeServer) -> None:
    """Typed events of the SDK: two ends for each turn, the same words in both, and the closing Termination."""
    found = await transcribed(server, SPEECH * 2)
    ends = ended(found)
    assert [(end.turn_order, end.turn_is_formatted) for end in ends] == [(0, False), (0, True), (1, False), (1, True)]
    for raw, formatted in (ends[:2], ends[2:]):
        assert [w.text for w in raw.words] == [w.text for w in formatted.words] == [f"w{n}" for n in range(1, 11)]
    assert isinstance(found[-1], TerminationEvent)
    assert found[-1].audio_duration_seconds == len(SPEECH) * 2 // 96_000


async def test_words_become_final_one_by_one_and_never_change(server: FakeServer) -> None:
    """Within a turn the final words of a message are the beginning of those of the next."""
    server.turn(interim_every_ms=100)
    turns = [said for said in await transcribed(server, SPEECH) if isinstance(said, TurnEvent)]
    finals = [[w.text for w in said.words if w.word_is_final] for said in turns]
    assert len(finals) > 20
    for before, after in zip(finals, finals[1:], strict=False):  # noqa: RUF007
        assert after[: len(before)] == before


async def test_the_u3_family_ends_a_turn_once(server: FakeServer) -> None:
    """No word is final before the one, formatted, end."""
    server.turn(interim_every_ms=100)
    found = await transcribed(server, SPEECH, speech_model=SpeechModel.u3_rt_pro)
    assert [(end.turn_is_formatted, len(end.words)) for end in ended(found)] == [(True, 10)]
    partials = [said for said in found if isinstance(said, TurnEvent) and not said.end_of_turn]
    assert partials
    assert not any(w.word_is_final for said in partials for w in said.words)


@pytest.mark.parametrize(("piece", "text"), [(1_920, "Duration"), (96_000 * 2, "Duration")])
async def test_a_piece_of_the_wrong_length_ends_the_session(server: FakeServer, piece: int, text: str) -> None:
    """Shorter than 50 ms or longer than a second: 3007, as an error and as the close code."""
    found = await transcribed(server, SPEECH, piece=piece)
    errors = [said for said in found if isinstance(said, RealTimeError)]
    assert errors
    assert errors[0].code == 3007
    assert text in str(errors[0])


async def test_a_session_that_is_too_long_expires(server: FakeServer) -> None:
    """3008, counted in audio."""
    server.turn(session_max_ms=2_000)
    errors = [said for said in await transcribed(server, SPEECH) if isinstance(said, RealTimeError)]
    assert [error.code for error in errors][:1] == [3008]
