"""`earshot transcribe` on a real Kafka and registry with the real engine: chunks in, a chain of results out."""

import signal
from collections.abc import Iterator

import pytest

from schemas.timebase import SAMPLES_PER_UNIT, SystemClock
from schemas.vocabulary import ResultKind, SessionKind, TurnReason
from tests.fakes.audio_records import chunks_of, spoken
from tests.fakes.transcribe_bench import TranscribeBench, assert_chain, fresh, until, words_of

pytestmark = pytest.mark.integration
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
    for worker in bench.workers:
        print(worker.said())
    bench.close()


def test_speech_becomes_words_and_the_chain_reaches_the_end(bench: TranscribeBench) -> None:
    """Words as said, partials before finals, sessions and quality windows beside them, and no hole in the cursors."""
    bot_id = fresh("bot")
    chunks = chunks_of(spoken(SAID), bot_id=bot_id, started_at_us=SystemClock().now_us() - 20_000_000)
    end = (chunks[-1].seq + chunks[-1].units) * SAMPLES_PER_UNIT
    bench.start()
    bench.put(chunks)
    until(lambda: bench.reached(bot_id, end), "the cursor at the end of the audio")
    results = bench.results(bot_id)
    assert_chain(results, end)
    assert len(set(words_of(results)) & set(SAID.lower().replace(".", "").split())) >= 20
    assert ResultKind.PARTIAL in [result.kind for result in results]
    assert {r.reason for r in results if r.kind is ResultKind.END_OF_TURN} <= {
        TurnReason.ENDPOINT,
        TurnReason.FORCED_CUT,
    }
    for result in results:
        assert all(w.from_sample < w.to_sample for w in result.words)
        assert sorted(w.from_sample for w in result.words) == [w.from_sample for w in result.words]
    kinds = [event.kind for event in bench.sessions(bot_id)]
    assert kinds[:2] == [SessionKind.OPENED, SessionKind.READY]
    until(lambda: sum(w.units_received for w in bench.windows(bot_id)) == chunks[-1].seq + chunks[-1].units, "windows")


def test_sigterm_ends_it_with_exit_code_0_and_the_next_worker_goes_on(bench: TranscribeBench) -> None:
    """A worker told to stop commits and leaves; what it did not finish its successor does, and nothing comes twice."""
    bot_id = fresh("bot")
    chunks = chunks_of(spoken(SAID), bot_id=bot_id, started_at_us=SystemClock().now_us() - 20_000_000)
    half = len(chunks) // 2
    end = (chunks[-1].seq + chunks[-1].units) * SAMPLES_PER_UNIT
    first = bench.start()
    bench.put(chunks[:half])
    until(lambda: bench.results(bot_id), "the first result")
    assert first.end(signal.SIGTERM) == 0
    bench.start()
    bench.put(chunks[half:])
    until(lambda: bench.reached(bot_id, end), "the cursor at the end of the audio")
    assert_chain(bench.results(bot_id), end)
