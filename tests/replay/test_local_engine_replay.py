"""Speech through sequencer, gate, machine and the real local engine, without Kafka: also when a decoder is killed."""

import asyncio
import json
import os
import wave
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import jiwer
import psutil
import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

from earshot.command import earshot
from schemas.errors import UsageError
from schemas.events import ResultEvent
from schemas.settings import TranscribeSettings
from schemas.vocabulary import ResultKind
from stream_processors.transcription.offline import read_wav, report, transcribe_pcm
from stream_processors.transcription.process import make_bench, started
from stream_processors.transcription.providers.registry import make_providers
from stream_processors.transcription.stream.pipeline import Bench
from tests.fakes.audio_records import spoken

SAID = "we should move the launch to the second week of april so that the team has time to test everything"
SETTINGS = TranscribeSettings(provider="local", decoders=1, decoders_give_way=False)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """The local engine with one decoder."""
    providers = make_providers(SETTINGS)
    async with started(providers):
        yield make_bench(SETTINGS, providers)


def finals(results: list[ResultEvent]) -> list[ResultEvent]:
    return [r for r in results if r.kind in (ResultKind.FINAL, ResultKind.END_OF_TURN)]


def deaths() -> float:
    """Sessions of the local engine that failed in this process so far."""
    labels = {"provider": "local", "error_class": "transient"}
    return REGISTRY.get_sample_value("earshot_stt_errors_total", labels) or 0.0


async def test_the_chain_covers_the_audio_and_the_words_are_sensible(bench: Bench) -> None:
    """Partials on the way, word times inside their result, every sample transcribed or declared."""
    pcm = spoken(SAID)
    results = await transcribe_pcm(bench, pcm)
    for before, after in pairwise(results):
        assert after.cursor_before_sample == before.cursor_after_sample
    assert (results[0].cursor_before_sample, results[-1].cursor_after_sample) == (0, len(pcm) // 2)
    assert ResultKind.PARTIAL in {r.kind for r in results}
    words = [word for r in finals(results) for word in r.words]
    assert all(0 <= w.from_sample < w.to_sample <= len(pcm) // 2 for w in words)
    assert jiwer.wer(SAID, " ".join(w.text for w in words)) <= 0.2


async def test_a_decoder_killed_in_the_middle_costs_no_word(bench: Bench) -> None:
    """Its utterance goes to another decoder from the audio that was kept; every word comes once."""

    async def kill_one() -> None:
        while True:
            for nursery in psutil.Process(os.getpid()).children():
                for decoder in nursery.children():
                    if decoder.cpu_times().user > 0.05:
                        decoder.kill()
                        return
            await asyncio.sleep(0.01)

    died_before = deaths()
    async with asyncio.timeout(100):
        results, _ = await asyncio.gather(transcribe_pcm(bench, spoken(SAID, tail_ms=3000)), kill_one())
    words = [word for r in finals(results) for word in r.words]
    assert all(one.to_sample <= other.from_sample for one, other in pairwise(words))
    assert jiwer.wer(SAID, " ".join(w.text for w in words)) <= 0.2
    assert deaths() == died_before + 1


def test_a_file_is_transcribed_from_the_command_line(tmp_path: Path) -> None:
    """One JSON object: words, how long the file is, how much of it was speech."""
    pcm = spoken("thank you very much", tail_ms=5000)
    path = tmp_path / "said.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(pcm)
    done = CliRunner().invoke(earshot, ["transcribe", "--wav", str(path)], env={"EARSHOT_DECODERS": "1"})
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert {"very", "much"} <= {word["text"] for word in said["words"]}
    assert set(said["words"][0]) == {"text", "start_ms", "end_ms", "confidence"}
    assert said["audio_ms"] == len(pcm) // 96
    assert 0 < said["speech_ms"] < said["audio_ms"]


def test_a_file_of_another_format_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    """The message says what it has, the remedy how to change it."""
    path = tmp_path / "other.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(64))
    with pytest.raises(UsageError, match="16000 Hz, 2 channels") as caught:
        read_wav(path)
    assert "ffmpeg" in caught.value.remedy
    path.write_bytes(b"nothing")
    with pytest.raises(UsageError, match="no WAV file"):
        read_wav(path)


def test_the_report_of_nothing() -> None:
    """No results, no words, no speech."""
    assert report([], 48_000) == {"words": [], "audio_ms": 1000, "speech_ms": 0}
