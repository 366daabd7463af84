"""Workers come and go under a running stream of records, two and three in a group: nothing read is lost, nothing twice."""

import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.events import AudioChunk
from schemas.timebase import SAMPLES_PER_UNIT, UNITS_PER_CHUNK, SystemClock
from schemas.vocabulary import ResultKind, SkipReason
from tests.fakes.audio_records import chunk
from tests.fakes.fresh_name import fresh
from tests.fakes.scripted_results import Voice, done, said
from tests.fakes.transcribe_bench import TranscribeBench, TranscribeWorker, assert_chain
from tests.fakes.turns_bench import TurnsBench, TurnsWorker, spoken
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
PARTITIONS = list(range(8))
BOTS = 16
CHUNKS = 60
STEP = 10


@pytest.fixture
def transcribe(kafka_bootstrap: str, registry_url: str) -> Iterator[TranscribeBench]:
    bench = TranscribeBench(kafka_bootstrap, registry_url)
    yield bench
    bench.close()


@pytest.fixture
def turns(kafka_bootstrap: str, registry_url: str, tmp_path: Path) -> Iterator[TurnsBench]:
    bench = TurnsBench(kafka_bootstrap, registry_url, tmp_path)
    yield bench
    bench.close()


def shared(workers: list[TranscribeWorker] | list[TurnsWorker]) -> bool:
    """Whether the group is settled: every partition has one owner among `workers`, and each has some."""
    owned = [worker.partitions() for worker in workers]
    return all(owned) and sorted(number for numbers in owned for number in numbers) == PARTITIONS


def test_transcribe_loses_no_record(transcribe: TranscribeBench) -> None:
    """One worker, two, three, one killed, one told to stop, all in the middle of the audio: no sample is left out.

    The records before the first worker's first commit count too: Faust drops what it fetched while a group forms.
    """
    bots = [fresh("bot") for _ in range(BOTS)]
    started_at_us = SystemClock().now_us() - 60_000_000

    def audio(first: int) -> None:
        for bot in bots:
            transcribe.put(_chunks(bot, first, started_at_us))

    def start() -> TranscribeWorker:
        return transcribe.start(EARSHOT_PROVIDER="none")

    first = start()
    audio(0)
    second = start()
    audio(STEP)
    until(lambda: shared([first, second]), "two workers share the partitions")
    audio(2 * STEP)
    third = start()
    audio(3 * STEP)
    until(lambda: shared([first, second, third]), "three workers share them")
    first.end(signal.SIGKILL)
    audio(4 * STEP)
    assert second.end(signal.SIGTERM) == 0
    audio(5 * STEP)
    end = CHUNKS * UNITS_PER_CHUNK * SAMPLES_PER_UNIT
    until(lambda: all(transcribe.reached(bot, end) for bot in bots), "every cursor at the end of its audio")
    for bot in bots:
        results = transcribe.results(bot)
        assert_chain(results, end)
        skipped = {result.skip_reason for result in results if result.kind is ResultKind.SKIPPED}
        assert SkipReason.GAP not in skipped


def test_turns_loses_no_result(turns: TurnsBench) -> None:
    """The same for results: every word is in a settled turn, once."""
    voices = [Voice(bot_id=fresh("bot")) for _ in range(BOTS)]

    def say(number: int) -> None:
        for voice in voices:
            at = voice.cursor_ms
            turns.say(voice.final(said(f"part {number}", at), at + 400))

    first = turns.start()
    say(0)
    second = turns.start()
    say(1)
    until(lambda: shared([first, second]), "two workers share the partitions")
    say(2)
    third = turns.start()
    say(3)
    until(lambda: shared([first, second, third]), "three workers share them")
    first.end(signal.SIGKILL)
    say(4)
    assert second.end(signal.SIGTERM) == 0
    for voice in voices:
        turns.say(voice.end((), voice.cursor_ms), done(voice.bot_id, {(voice.stream_id, 0): voice.cursor_ms}))
    until(lambda: all(turns.processed(voice.bot_id) for voice in voices), "every transcript is whole")
    for voice in voices:
        assert spoken(turns.turns(voice.bot_id)) == ["part 0 part 1 part 2 part 3 part 4"]
        revisions = [turn.revision for turn in turns.partials(voice.bot_id)]
        assert all(later <= earlier + 1 for earlier, later in pairwise([0, *revisions]))


def _chunks(bot: str, first: int, started_at_us: int) -> list[AudioChunk]:
    """STEP chunks of the bot's audio from number `first` on."""
    return [
        chunk(number * UNITS_PER_CHUNK, bot_id=bot, started_at_us=started_at_us)
        for number in range(first, first + STEP)
    ]
