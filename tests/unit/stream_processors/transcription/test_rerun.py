"""A past meeting through the pipelines again: no Kafka, a provider that says nothing."""

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest

from schemas.codec import Codec
from schemas.events import ResultEvent
from schemas.timebase import SAMPLES_PER_UNIT, SystemClock
from schemas.topics import STT_RESULTS
from schemas.vocabulary import ChunkKind
from stream_processors.transcription.backfill.coverage import Coverage
from stream_processors.transcription.backfill.past_log import Found
from stream_processors.transcription.backfill.rerun import Rerun, Stopped
from stream_processors.transcription.hearing.gate import GateSettings
from stream_processors.transcription.partitions.outbox import Letter
from stream_processors.transcription.providers.none.adapter import NoProvider
from stream_processors.transcription.routing.choice import Choice
from stream_processors.transcription.routing.router import Router
from stream_processors.transcription.stream.pipeline import Bench
from tests.fakes.fixed_schemas import FixedSchemas
from tests.fakes.heard import Heard, Run, heard, ledger_of

LIMIT_BYTES = 10_000_000
ADA, BOB = ("a", 0), ("b", 0)


class Log:
    """Acknowledges every letter at the next poll; `failure` never comes."""

    failure = None

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self._unacknowledged: list[Callable[[int], None]] = []

    def append(self, letter: Letter, on_ack: Callable[[int], None]) -> bool:
        self.letters.append(letter)
        self._unacknowledged.append(on_ack)
        return True

    def poll(self) -> int:
        waiting, self._unacknowledged = self._unacknowledged, []
        for on_ack in waiting:
            on_ack(0)
        return 0

    async def drained(self, _: float) -> None:
        self.poll()


def meeting() -> tuple[Heard, Heard]:
    """Ada talks for ten seconds, Bob is silent for seven."""
    ada = heard([Run(ChunkKind.SILENCE, 50), Run(ChunkKind.AUDIO, 450)], stream_id="a")
    return ada, heard([Run(ChunkKind.SILENCE, 350)], stream_id="b")


def audio(*parts: Heard) -> Iterator[Found]:
    return (Found(chunk, 0) for part in parts for chunk in part.chunks)


def rerun(coverage: Coverage, log: Log) -> tuple[Rerun, Codec]:
    codec = Codec(FixedSchemas())
    bench = Bench(
        {"none": NoProvider()}, (Choice("none"),), Router(), SystemClock(), GateSettings(), "again", "w1", 10_000, 5_000
    )
    return Rerun(bench, coverage, log, codec, partition=3), codec  # type: ignore[arg-type] - the fake's four duties


def results(log: Log, codec: Codec) -> list[ResultEvent]:
    return [
        codec.decode(STT_RESULTS, letter.value, ResultEvent)
        for letter in log.letters
        if letter.topic == STT_RESULTS.name
    ]


def spans(found: list[ResultEvent], stream_id: str) -> list[tuple[int, int]]:
    """Where the cursor of a stream was before and after each result, in units."""
    mine = [result for result in found if result.stream_id == stream_id]
    return [(r.cursor_before_sample // SAMPLES_PER_UNIT, r.cursor_after_sample // SAMPLES_PER_UNIT) for r in mine]


async def test_every_stream_is_covered_under_the_label() -> None:
    """All that the ledger names, without a hole, in the partition of the audio; quality of capture is not told again."""
    log, coverage = Log(), Coverage(ledger_of(*meeting()), {})
    again, codec = rerun(coverage, log)
    await again.run(audio(*meeting()), asyncio.Event(), unsent_limit_bytes=LIMIT_BYTES)
    found = results(log, codec)
    assert coverage.done
    assert {result.transcript_label for result in found} == {"again"}
    assert {letter.topic for letter in log.letters} <= {"stt.results", "stt.sessions"}
    assert {letter.partition for letter in log.letters if letter.topic == STT_RESULTS.name} == {3}
    for stream_id, end in (("a", 500), ("b", 350)):
        moves = spans(found, stream_id)
        assert moves[0][0] == 0
        assert moves[-1][1] == end
        assert all(one[1] == other[0] for one, other in itertools.pairwise(moves))


async def test_it_goes_on_where_the_transcript_ends() -> None:
    """What results of the label cover is not told again, and a stream that is finished is left alone."""
    log = Log()
    coverage = Coverage(ledger_of(*meeting()), {ADA: 200 * SAMPLES_PER_UNIT, BOB: 350 * SAMPLES_PER_UNIT})
    again, codec = rerun(coverage, log)
    await again.run(audio(*meeting()), asyncio.Event(), unsent_limit_bytes=LIMIT_BYTES)
    found = results(log, codec)
    assert coverage.done
    assert spans(found, "a")[0][0] == 200
    assert spans(found, "b") == []


async def test_told_to_stop_it_says_how_to_go_on() -> None:
    """A stop before the end is an error with a remedy, not a transcript that looks whole."""
    ada, bob = meeting()
    again, _ = rerun(Coverage(ledger_of(ada, bob), {}), Log())
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Stopped) as stopped:
        await again.run(audio(ada), stop, unsent_limit_bytes=LIMIT_BYTES)
    assert "again" in stopped.value.remedy
