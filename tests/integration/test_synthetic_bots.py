"""`earshot synthetic` on a real Kafka and registry: what it puts there passes for the log of bots."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemas.events import AudioChunk, BotEvent, ParticipantEvent
from schemas.timebase import BYTES_PER_UNIT, SAMPLES_PER_UNIT
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, MEETING_PARTICIPANTS
from schemas.vocabulary import BotState, ParticipantKind
from sinks.bot_log import BotLog
from sinks.ledger.verify import verified
from tests.fakes.heard_numbers import numbers
from tests.fakes.synthetic_command import SyntheticCommand
from tests.fakes.transcribe_bench import TranscribeBench
from tests.fakes.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., SyntheticCommand]


@pytest.fixture
def bench(kafka_bootstrap: str, registry_url: str) -> Iterator[TranscribeBench]:
    """The log and the workers of one fresh group."""
    bench = TranscribeBench(kafka_bootstrap, registry_url)
    yield bench
    bench.close()


@pytest.fixture
def synthetic(bench: TranscribeBench, tmp_path: Path) -> Iterator[Start]:
    """Starts the command with options."""
    with ExitStack() as started:

        def start(*options: str) -> SyntheticCommand:
            command = SyntheticCommand(bench.environment, tmp_path, *options)
            started.callback(command.close)
            return command

        yield start


def test_every_consumer_takes_synthetic_bots_for_bots(bench: TranscribeBench, synthetic: Start) -> None:
    """Two meetings of two: what was said is in the audio, the workers settle all of it, and `verify` closes."""
    command = synthetic("--numbers", "--bots", "2", "--speakers", "2", "--duration", "12", "--speed", "4")
    done = command.ended()
    assert done["bots"] == 2
    assert done["words"] > 20
    bench.start(EARSHOT_PROVIDER="none")
    for bot_id in command.bot_ids:
        until(lambda bot_id=bot_id: verified(bench.settings, bot_id, "live").closed, f"the account of {bot_id} closes")
    log = BotLog(bench.settings, command.bot_ids[0])
    assert _heard(log, "synthetic:1/audio") == command.words_of(log.bot_id, "synthetic:1/audio")
    people = [logged.record for logged in log.records(MEETING_PARTICIPANTS, ParticipantEvent)]
    kinds = [person.kind for person in people]
    assert kinds[:2] == [ParticipantKind.JOIN] * 2
    assert kinds[-2:] == [ParticipantKind.LEAVE] * 2
    assert ParticipantKind.SPEECH_ON in kinds
    assert [person.sequence for person in people] == list(range(len(people)))


def test_sigterm_ends_every_meeting_with_its_ledger(bench: TranscribeBench, synthetic: Start) -> None:
    """Meetings without an end end when told to, within a word: `done` names the last records, the ledger closes."""
    command = synthetic("--numbers", "--bots", "3", "--speakers", "1", "--duration", "0", "--talking", "1")
    until(lambda: command.script, "somebody has said a line")
    command.ended(signal.SIGTERM)
    bench.start(EARSHOT_PROVIDER="none")
    for bot_id in command.bot_ids:
        log = BotLog(bench.settings, bot_id)
        *_, last = [logged.record for logged in log.records(BOT_EVENTS, BotEvent)]
        assert (last.state, last.sequence) == (BotState.DONE, 5)
        audio = list(log.records(AUDIO_FRAMES, AudioChunk))
        assert last.attrs["audio.frames.last_offset"] == str(audio[-1].offset)
        assert _heard(log, "synthetic:1/audio") == command.words_of(bot_id, "synthetic:1/audio")
        until(lambda bot_id=bot_id: verified(bench.settings, bot_id, "live").closed, f"the account of {bot_id} closes")


def _heard(log: BotLog, stream_id: str) -> list[str]:
    """The words in one stream's audio."""
    chunks = [logged.record for logged in log.records(AUDIO_FRAMES, AudioChunk) if logged.record.stream_id == stream_id]
    pcm = b"".join(chunk.pcm or bytes(chunk.units * BYTES_PER_UNIT) for chunk in chunks)
    return [word.text for word in numbers(pcm, SAMPLES_PER_UNIT * 50)]
