"""Messages in the shape in which the vendors publish them (tests/data/stt): we read them, and the fakes say the same."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream_processors.transcription.providers.assemblyai import messages as assemblyai_messages
from stream_processors.transcription.providers.deepgram import messages as deepgram_messages
from tests.fakes.stt import assemblyai_messages as fake_assemblyai
from tests.fakes.stt import deepgram_messages as fake_deepgram
from tests.fakes.stt.ear import HeardWord

PUBLISHED = Path(__file__).parent.parent / "data" / "stt"
WORDS = (HeardWord("one", 0, 9_600), HeardWord("two", 9_600, 19_200))
ENGLISH = fake_deepgram.Wording("r", 48_000, "nova-3", "en", punctuate=True)
MULTI = fake_deepgram.Wording("r", 48_000, "nova-3", "multi", punctuate=True)
SAID: dict[str, dict[str, Any]] = {
    "deepgram/results": fake_deepgram.results(ENGLISH, (0, 48_000), WORDS, is_final=True),
    "deepgram/results_multi": fake_deepgram.results(MULTI, (0, 48_000), WORDS, is_final=False),
    "deepgram/speech_started": fake_deepgram.speech_started(ENGLISH, 48_000),
    "deepgram/utterance_end": fake_deepgram.utterance_end(ENGLISH, 48_000),
    "deepgram/metadata": fake_deepgram.metadata(ENGLISH, 48_000),
    "assemblyai/begin": fake_assemblyai.begin("s", "universal-streaming-english"),
    "assemblyai/turn": fake_assemblyai.turn(0, WORDS, 48_000, finals=1),
    "assemblyai/turn_end": fake_assemblyai.turn(0, WORDS, 48_000, finals=2, end_of_turn=True, formatted=True),
    "assemblyai/turn_multilingual": fake_assemblyai.turn(0, WORDS, 48_000, finals=2, end_of_turn=True, language="en"),
    "assemblyai/speech_started": fake_assemblyai.speech_started(200),
    "assemblyai/termination": fake_assemblyai.termination(1, 1),
    "assemblyai/error": fake_assemblyai.error(3006, "Invalid Message"),
}
DECODERS = {"deepgram": deepgram_messages.decode, "assemblyai": assemblyai_messages.decode}


def published(name: str) -> bytes:
    return (PUBLISHED / f"{name}.json").read_bytes()


def shape(value: object) -> object:
    """Names and kinds of everything, without the values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [shape(each) for each in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def test_every_published_message_has_its_like() -> None:
    """None is forgotten."""
    assert {f"{path.parent.name}/{path.stem}" for path in PUBLISHED.glob("*/*.json")} == set(SAID)


@pytest.mark.parametrize("name", sorted(SAID))
def test_the_fake_says_it_as_it_is_published(name: str) -> None:
    """The same names, of the same kinds."""
    assert shape(SAID[name]) == shape(msgspec.json.decode(published(name)))


@pytest.mark.parametrize("name", sorted(SAID))
def test_the_room_reads_it(name: str) -> None:
    """As a message it knows."""
    assert DECODERS[name.partition("/")[0]](published(name).decode()) is not None
