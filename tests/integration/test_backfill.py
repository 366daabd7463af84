"""`earshot transcribe --bot … --as …` on a real Kafka: a past meeting again, beside the transcript made in it."""

import json
import signal
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import jiwer
import pytest

from schemas.events import ResultEvent, Turn
from schemas.topics import TRANSCRIPT_TURNS, Topic
from schemas.vocabulary import BotState, ChunkKind
from sinks.bot_log import BotLog
from sinks.ledger.verify import verified
from tests.fakes.audio_records import spoken
from tests.fakes.earshot_process import EARSHOT
from tests.fakes.fresh_name import fresh
from tests.fakes.heard import Run, bot_event, heard, ledger_of
from tests.fakes.synthetic_command import SyntheticCommand
from tests.fakes.transcribe_bench import FINALS, TranscribeBench
from tests.fakes.turns_bench import TurnsBench
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
LABEL = "again-1"
SAID = "The budget for the next quarter is nearly complete."


class Backfill:
    """Runs the command as a process."""

    def __init__(self, bench: TranscribeBench) -> None:
        self._bench = bench
        self._started: list[subprocess.Popen[bytes]] = []

    def command(self, bot_id: str, label: str = LABEL, provider: str = "local") -> list[str]:
        return [*EARSHOT, "transcribe", "--bot", bot_id, "--as", label, "--provider", provider]

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, **changes),
            env=self._bench.environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def start(self, bot_id: str) -> subprocess.Popen[bytes]:
        command, silent = self.command(bot_id), subprocess.DEVNULL
        self._started.append(subprocess.Popen(command, env=self._bench.environment, stdout=silent, stderr=silent))
        return self._started[-1]

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def bench(kafka_bootstrap: str, registry_url: str) -> Iterator[TranscribeBench]:
    bench = TranscribeBench(kafka_bootstrap, registry_url)
    yield bench
    bench.close()


@pytest.fixture
def turns(kafka_bootstrap: str, registry_url: str, tmp_path: Path) -> Iterator[TurnsBench]:
    bench = TurnsBench(kafka_bootstrap, registry_url, tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def backfill(bench: TranscribeBench) -> Iterator[Backfill]:
    backfill = Backfill(bench)
    yield backfill
    backfill.close()


def meeting(bench: TranscribeBench, folder: Path) -> SyntheticCommand:
    """Somebody who says SAID two or three times, in the past."""
    with wave.open(str(folder / "ann.wav"), "wb") as sound:
        sound.setparams((1, 2, 48_000, 0, "NONE", ""))
        sound.writeframes(spoken(SAID))
    (folder / "ann.txt").write_text(SAID, "utf-8")
    options = ("--wav-dir", str(folder), "--speakers", "1", "--talking", "1", "--duration", "14", "--speed", "15")
    command = SyntheticCommand(bench.environment, folder, *options)
    command.ended()
    command.close()
    return command


def words(results: list[ResultEvent], label: str) -> dict[str, list[str]]:
    """What a transcript has of every stream, in order; fails when its cursors have a hole or go back."""
    found: dict[str, list[str]] = {}
    cursors: dict[str, int] = {}
    for result in [result for result in results if result.transcript_label == label]:
        assert result.cursor_before_sample == cursors.get(result.stream_id, 0)
        cursors[result.stream_id] = result.cursor_after_sample
        if result.kind in FINALS:
            found.setdefault(result.stream_id, []).extend(word.text for word in result.words)
    return found


def test_a_meeting_is_transcribed_again_and_the_live_transcript_stays(
    bench: TranscribeBench, turns: TurnsBench, backfill: Backfill, tmp_path: Path
) -> None:
    """Killed in the middle and run again: every word once, turns and verify under the label, nothing new under live."""
    said = meeting(bench, tmp_path)
    [bot_id] = said.bot_ids
    bench.start(EARSHOT_PROVIDER="none")
    until(lambda: verified(bench.settings, bot_id, "live").closed, "the live transcript is whole")
    live = [result for result in bench.results(bot_id) if result.transcript_label == "live"]
    turns.ready()

    first = backfill.start(bot_id)
    until(lambda: words(bench.results(bot_id), LABEL), "the first words under the label")
    first.send_signal(signal.SIGKILL)
    first.wait(30)
    assert not verified(bench.settings, bot_id, LABEL).closed
    done = backfill.run(bot_id)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == LABEL

    assert verified(bench.settings, bot_id, LABEL).closed
    found = words(bench.results(bot_id), LABEL)
    for stream_id, heard_words in found.items():
        lines = [line["text"] for line in said.script if line["stream_id"] == stream_id]
        assert jiwer.wer(" ".join(lines).lower().replace(".", ""), " ".join(heard_words)) <= 0.25
    assert len(found) == 1
    assert [result for result in bench.results(bot_id) if result.transcript_label == "live"] == live

    until(lambda: settled(bench, bot_id, TRANSCRIPT_TURNS, found), "the turns of the label")
    shown = ask(bench, "transcript", bot_id, "--label", LABEL)
    assert "budget" in shown.stdout
    assert "budget" not in ask(bench, "transcript", bot_id).stdout

    again = backfill.run(bot_id)
    assert again.returncode == 0
    assert words(bench.results(bot_id), LABEL) == found


def settled(bench: TranscribeBench, bot_id: str, topic: Topic, found: dict[str, list[str]]) -> bool:
    """Whether the turns hold all the words, all of them under the label."""
    records = [logged.record for logged in BotLog(bench.settings, bot_id).records(topic, Turn)]
    assert {turn.transcript_label for turn in records} <= {LABEL}
    return sum(len(turn.words) for turn in records) == sum(map(len, found.values()))


def ask(bench: TranscribeBench, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EARSHOT, *arguments], env=bench.environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_what_cannot_be_transcribed_again_is_refused(
    turns: TurnsBench, bench: TranscribeBench, backfill: Backfill
) -> None:
    """A bot nobody knows, one that still runs, and one whose audio has expired: each says what it is and what to do."""
    running, expired = fresh("bot"), fresh("bot")
    part = heard([Run(ChunkKind.AUDIO, 100)], bot_id=expired)
    turns.say(bot_event(running, BotState.JOINING), bot_event(expired, BotState.DONE, ledger_of(part)))
    for bot_id, names in (
        (fresh("bot"), "knows no bot"),
        (running, "is not done"),
        (expired, "2000 ms of janus:1/audio epoch 0"),
    ):
        refused = backfill.run(bot_id, provider="none")
        assert refused.returncode == 2, refused.stderr
        assert names in refused.stderr
        assert "remedy:" in refused.stderr
    assert bench.results(expired) == []
