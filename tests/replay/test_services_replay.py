"""Speech through the gate, the voice detector and a service on its fake, which breaks in mid-sentence: every word once."""

import pytest

from producers.synthetic.numbers import spoken
from schemas.timebase import BYTES_PER_UNIT
from schemas.vocabulary import ResultKind
from stream_processors.transcription.offline import transcribe_pcm
from stream_processors.transcription.process import make_bench
from tests.fakes.stt.services import FAKES, service, settings_on

FINALS = (ResultKind.FINAL, ResultKind.END_OF_TURN)
PAUSE = bytes(BYTES_PER_UNIT * 40)
SECOND = 96_000


def sentence(numbers: range) -> bytes:
    return b"".join(spoken(n, 15) + bytes(BYTES_PER_UNIT * 3) for n in numbers)


@pytest.mark.parametrize("name", sorted(FAKES))
async def test_every_word_comes_once_though_the_socket_breaks(name: str) -> None:
    """The first connection is dropped after two seconds of audio; another one takes over from the cursor."""
    pcm = PAUSE + sentence(range(1, 9)) + PAUSE + sentence(range(9, 14)) + PAUSE
    knobs = {"words": "spoken", "interim_every_ms": 300, "drop_after_bytes": 2 * SECOND, "faulty_connections": 1}
    async with service(name, **knobs) as made:
        settings = settings_on(name, made.server).model_copy(update={"vad": "webrtc"})
        results = await transcribe_pcm(make_bench(settings, {name: made.provider}), pcm)
        assert len(made.server.records) >= 2
    heard = [word.text for result in results if result.kind in FINALS for word in result.words]
    assert heard == [f"w{n}" for n in range(1, 14)]
