"""`earshot transcribe` on a real Kafka and registry with the real engine: chunks in, a chain of results out."""

import itertools
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import jiwer
import msgspec
import pytest

from schemas.events import AudioChunk, ResultEvent
from schemas.timebase import SAMPLES_PER_UNIT, SystemClock
from schemas.topics import AUDIO_FRAMES
from schemas.vocabulary import ResultKind, SessionKind, TurnReason
from tests.fakes.audio_records import chunks_of, spoken
from tests.fakes.fresh_name import fresh
from tests.fakes.transcribe_bench import FINALS, TranscribeBench, assert_chain
from tests.fakes.waiting import until


@dataclass(frozen=True)
class Told:
    """What is said, chunk by chunk."""

    bot_id: str
    chunks: list[AudioChunk]

    @property
    def units(self) -> int:
        return self.chunks[-1].seq + self.chunks[-1].units

    @property
    def end(self) -> int:
        return self.units * SAMPLES_PER_UNIT


pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
SAID = (
    "The budget for the next quarter is nearly complete. "
    "We still need to decide who will present the numbers to the board. "
    "I think it should be somebody from the finance team."
)


@pytest.fixture
def bench(kafka_bootstrap: str, registry_url: str) -> Iterator[TranscribeBench]:
    """The log and the workers of one fresh group."""
    bench = TranscribeBench(kafka_bootstrap, registry_url)
    yield bench
    bench.close()


@pytest.fixture
def told(bench: TranscribeBench) -> Told:
    """SAID on the log's terms: as chunks of a fresh bot."""
    bot_id = fresh("bot")
    chunks = chunks_of(spoken(SAID), bot_id=bot_id, started_at_us=SystemClock().now_us() - 20_000_000)
    return Told(bot_id, chunks)


def assert_sensible(results: list[ResultEvent]) -> None:
    """The words are about what was said, and none lies over another: none came twice."""
    words = [word for result in results if result.kind in FINALS for word in result.words]
    assert all(one.to_sample <= other.from_sample for one, other in itertools.pairwise(words))
    assert all(word.from_sample < word.to_sample and word.word_is_final for word in words)
    said = SAID.lower().replace(".", "")
    assert jiwer.wer(said, " ".join(word.text for word in words)) <= 0.2


def test_speech_becomes_words_and_the_chain_reaches_the_end(bench: TranscribeBench, told: Told) -> None:
    """Words as said, partials before finals, sessions and quality windows beside them, and no hole in the cursors."""
    bench.start()
    bench.put(told.chunks)
    until(lambda: bench.reached(told.bot_id, told.end), "the cursor at the end of the audio")
    results = bench.results(told.bot_id)
    assert_chain(results, told.end)
    assert_sensible(results)
    assert ResultKind.PARTIAL in [result.kind for result in results]
    assert {r.reason for r in results if r.kind is ResultKind.END_OF_TURN} <= {
        TurnReason.ENDPOINT,
        TurnReason.FORCED_CUT,
    }
    kinds = [event.kind for event in bench.sessions(told.bot_id)]
    assert kinds[:2] == [SessionKind.OPENED, SessionKind.READY]
    until(lambda: sum(w.units_received for w in bench.windows(told.bot_id)) == told.units, "the last quality window")


def test_sigterm_ends_it_with_exit_code_0_and_the_next_worker_goes_on(bench: TranscribeBench, told: Told) -> None:
    """A worker told to stop commits and leaves; what it did not finish its successor does, and nothing comes twice."""
    half = len(told.chunks) // 2
    first = bench.start()
    bench.put(told.chunks[:half])
    until(lambda: bench.results(told.bot_id), "the first result")
    assert first.end(signal.SIGTERM) == 0, first.said()[-2_000:]
    bench.start()
    bench.put(told.chunks[half:])
    until(lambda: bench.reached(told.bot_id, told.end), "the cursor at the end of the audio")
    assert_chain(bench.results(told.bot_id), told.end)
    assert_sensible(bench.results(told.bot_id))


def test_a_killed_worker_loses_and_doubles_nothing(bench: TranscribeBench, told: Told) -> None:
    """kill -9 in the middle of a sentence: the next worker begins at the cursor on the log."""
    most = len(told.chunks) * 3 // 5
    first = bench.start()
    bench.put(told.chunks[:most])
    until(lambda: any(r.words for r in bench.results(told.bot_id)), "the first words")
    first.end(signal.SIGKILL)
    bench.put(told.chunks[most:])
    bench.start()
    until(lambda: bench.reached(told.bot_id, told.end), "the cursor at the end of the audio")
    assert_chain(bench.results(told.bot_id), told.end)
    assert_sensible(bench.results(told.bot_id))
    assert "restored" in bench.workers[-1].said()


def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(bench: TranscribeBench, told: Told) -> None:
    """Bad magic, an unknown schema, truncated Avro and a chunk that contradicts itself: each aside with its bytes."""
    good = bench.codec.encode(AUDIO_FRAMES, told.chunks[0])
    impossible = bench.codec.encode(AUDIO_FRAMES, msgspec.structs.replace(told.chunks[0], units=3))
    poison = [b"\x01" + good[1:], good[:1] + b"\x7f\xff\xff\x00" + good[5:], good[:-50], impossible]
    bench.start()
    for chunk, bad in zip(told.chunks, poison, strict=False):
        bench.put([chunk])
        bench.put_raw(told.bot_id, bad)
    bench.put(told.chunks[len(poison) :])
    until(lambda: bench.reached(told.bot_id, told.end), "the cursor at the end of the audio")
    until(lambda: len(bench.dead(told.bot_id)) == len(poison), "every poison record among the dead letters")
    dead = bench.dead(told.bot_id)
    assert sorted(message.value() for message in dead) == sorted(poison)
    headers = [dict(message.headers() or []) for message in dead]
    assert {h["error_class"] for h in headers} == {b"bad_magic", b"unknown_schema", b"bad_avro", b"bad_chunk"}
    assert all(h["stage"] == b"transcribe" and h["origin_topic"] == b"audio.frames" for h in headers)
    assert all(h["tenant_id"] == b"default" for h in headers)
    assert_sensible(bench.results(told.bot_id))


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("EARSHOT_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9", "Kafka at 127.0.0.1:9"),
        ("EARSHOT_SCHEMA_REGISTRY_URL", "http://127.0.0.1:9/apis/ccompat/v7", "registry at http://127.0.0.1:9"),
        ("EARSHOT_PROVIDER", "nobody", "EARSHOT_PROVIDER is nobody"),
    ],
)
def test_what_is_away_at_start_is_named(bench: TranscribeBench, setting: str, value: str, named: str) -> None:
    """Broker or registry away, or a provider nobody knows: a message with a remedy, a code that is not 0, no worker."""
    worker = bench.start(**{setting: value, "EARSHOT_STARTUP_TIMEOUT_S": "3"})
    assert worker.process.wait(60) in (2, 3)
    assert named in worker.said()
    assert "remedy: " in worker.said()
