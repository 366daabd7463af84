"""`earshot verify`, `tail` and `transcript` as a person types them, on a real Kafka and registry."""

import json
import signal
import subprocess
from collections.abc import Callable, Sequence
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import Producer

from schemas.codec import Codec
from schemas.events import Record
from schemas.kafka_client import producer_config
from schemas.registry import Registry
from schemas.settings import Settings
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, STT_RESULTS, TRANSCRIPT_TURNS, Topic, dlq_of
from schemas.vocabulary import BotState, ChunkKind, GapCause
from sinks.ledger.report import Account
from sinks.ledger.verify import verified
from tests.contracts.golden import goldens
from tests.fakes.earshot_process import EARSHOT
from tests.fakes.heard import Heard, Run, bot_event, heard, ledger_of

pytestmark = pytest.mark.integration
MINUTE = [
    Run(ChunkKind.SILENCE, 30),
    Run(ChunkKind.AUDIO, 120),
    Run(ChunkKind.GAP, 20, GapCause.CAPTURE_STALL),
    Run(ChunkKind.AUDIO, 80),
]
TURN = next(golden.record() for golden in goldens() if golden.schema == "turn.v1" and golden.case == "settled")


class River:
    """The log of this session, to write to as the stages would and to ask questions of."""

    def __init__(self, kafka_bootstrap: str, registry_url: str) -> None:
        self.environment = {
            "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
            "EARSHOT_SCHEMA_REGISTRY_URL": registry_url,
        }
        self._codec = Codec(Registry(registry_url))
        self._producer = Producer(producer_config(kafka_bootstrap))

    def put(self, topic: Topic, records: Sequence[Record]) -> None:
        self.put_raw(topic.name, [(record.bot_id, self._codec.encode(topic, record)) for record in records])

    def put_raw(self, topic: str, pairs: Sequence[tuple[str, bytes]]) -> None:
        for key, value in pairs:
            self._producer.produce(topic, key=key, value=value)
        assert self._producer.flush(30) == 0

    def meeting(self, part: Heard, *, chunks: Sequence[Record] | None = None, claim: Heard | None = None) -> str:
        """Put a bot's whole life on the log; `chunks` and `claim` are what a dishonest bot would put instead."""
        bot_id = part.chunks[0].bot_id
        self.put(BOT_EVENTS, [bot_event(bot_id, BotState.JOINING)])
        self.put(AUDIO_FRAMES, part.chunks if chunks is None else chunks)
        self.put(STT_RESULTS, part.results)
        self.put(BOT_EVENTS, [bot_event(bot_id, BotState.DONE, ledger_of(claim or part), sequence=1)])
        return bot_id

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*EARSHOT, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def account(self, bot_id: str) -> Account:
        """What `verify` would print, without the cost of a process."""
        settings = Settings(
            kafka_bootstrap_servers=self.environment["EARSHOT_KAFKA_BOOTSTRAP_SERVERS"],
            schema_registry_url=self.environment["EARSHOT_SCHEMA_REGISTRY_URL"],
        )
        return verified(settings, bot_id, "live")


@pytest.fixture
def river(kafka_bootstrap: str, registry_url: str) -> River:
    return River(kafka_bootstrap, registry_url)


@pytest.fixture
def part() -> Heard:
    """One stream of a bot nobody else has."""
    return heard(MINUTE, bot_id=fresh())


def fresh() -> str:
    return f"bot_{uuid4().hex[:16]}"


def test_an_honest_bot_s_account_closes(river: River, part: Heard) -> None:
    """Exit 0, a table for people, and figures for programs: the gap is declared and fine."""
    bot_id = river.meeting(part)
    asked = river.ask("verify", bot_id, "--json")
    account = msgspec.json.decode(asked.stdout, type=Account)
    assert asked.returncode == 0
    assert account.closed
    assert (account.frames.captured, account.frames.on_topic, account.frames.unaccounted) == (230, 230, 0)
    assert account.frames.declared_gap_ms == 400
    assert account.latency_ms.capture_to_kafka_p99 is not None
    shown = river.ask("verify", bot_id)
    assert shown.returncode == 0
    assert "CLOSED: all that was heard is delivered or declared." in shown.stdout


def test_a_frame_dropped_after_capture_fails(river: River, part: Heard) -> None:
    """The page counted one frame more than anybody can account for."""
    claim = msgspec.structs.replace(part.claim, frames_captured_by_page=part.claim.frames_captured_by_page + 1)
    bot_id = river.meeting(part, claim=Heard(claim, part.chunks, part.results))
    asked = river.ask("verify", bot_id, "--json")
    assert asked.returncode == 1
    assert msgspec.json.decode(asked.stdout, type=Account).frames.unaccounted == 1


def test_a_chunk_dropped_before_the_topic_fails(river: River, part: Heard) -> None:
    """Five units of the ledger lie on the topic as nothing."""
    bot_id = river.meeting(part, chunks=part.chunks[:10] + part.chunks[11:])
    assert river.account(bot_id).frames.unaccounted == 5
    shown = river.ask("verify", bot_id)
    assert shown.returncode == 1
    assert "5 captured frames are unaccounted for" in shown.stdout


def test_duplicates_are_counted_and_harmless(river: River, part: Heard) -> None:
    """At least once: the same chunk twice is told, not blamed."""
    account = river.account(river.meeting(part, chunks=[*part.chunks, part.chunks[10]]))
    assert account.closed
    assert account.frames.duplicates == 5


def test_a_digest_that_differs_fails(river: River, part: Heard) -> None:
    """The ledger's ranges are not those on the topic."""
    claim = msgspec.structs.replace(part.claim, ranges_sha256="0" * 64)
    account = river.account(river.meeting(part, claim=Heard(claim, part.chunks, part.results)))
    assert not account.closed
    assert not account.streams[0].capture.digest_ok


def test_a_hole_in_the_results_fails(river: River, part: Heard) -> None:
    """What was heard and neither transcribed nor declared is missing, whoever lost it."""
    account = river.account(river.meeting(Heard(part.claim, part.chunks, part.results[:1] + part.results[2:])))
    assert not account.closed
    assert account.transcription.undeclared_ms == 2400
    assert account.transcription.cursor_holes == 1


def test_poison_on_the_topic_is_told_and_leaves_a_hole(river: River, part: Heard) -> None:
    """A record nobody can read is no frame."""
    bot_id = part.chunks[0].bot_id
    river.put_raw(AUDIO_FRAMES.name, [(bot_id, b"\x07poison")])
    account = river.account(river.meeting(part, chunks=part.chunks[1:]))
    assert not account.closed
    assert account.unreadable_records == 1
    assert account.frames.unaccounted == part.chunks[0].units


def test_a_bot_that_is_not_done_is_not_verified(river: River) -> None:
    """It says where the bot is, and exits 1."""
    bot_id = fresh()
    river.put(BOT_EVENTS, [bot_event(bot_id, BotState.IN_CALL_RECORDING)])
    asked = river.ask("verify", bot_id)
    assert asked.returncode == 1
    assert f"bot {bot_id} is not done, it is in_call_recording" in asked.stderr


@pytest.mark.parametrize("command", ["verify", "transcript"])
def test_a_bot_nobody_knows_is_a_usage_error(river: River, command: str) -> None:
    """Exit 2, two lines, and how to find those there are."""
    asked = river.ask(command, "bot_nobody")
    assert asked.returncode == 2
    assert asked.stderr.splitlines() == [
        "error: the log knows no bot 'bot_nobody'",
        "remedy: `earshot tail bot.events --until-end` shows those it knows",
    ]


@pytest.mark.parametrize("arguments", [("verify", "b"), ("transcript", "b"), ("tail", "audio.frames")])
def test_without_kafka_every_question_ends_with_a_remedy(river: River, arguments: tuple[str, ...]) -> None:
    """Exit 3, two lines and nothing of the libraries' own chatter."""
    river.environment |= {"EARSHOT_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9", "EARSHOT_STARTUP_TIMEOUT_S": "2"}
    asked = river.ask(*arguments)
    assert asked.returncode == 3
    assert asked.stdout == ""
    assert asked.stderr.splitlines() == [
        "error: Kafka at 127.0.0.1:9 does not answer",
        "remedy: start it with `earshot up`, or set EARSHOT_KAFKA_BOOTSTRAP_SERVERS",
    ]


def test_tail_shows_a_bot_s_records_and_ends(river: River, part: Heard) -> None:
    """Decoded, in order, audio by its length; --limit stops early."""
    bot_id = river.meeting(part)
    asked = river.ask("tail", "audio.frames", "--bot", bot_id, "--until-end")
    shown = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [line["record"]["seq"] for line in shown] == [chunk.seq for chunk in part.chunks]
    assert {line["key"] for line in shown} == {bot_id}
    assert shown[6]["record"]["pcm"] == {"bytes": 9600}
    limited = river.ask("tail", "audio.frames", "--bot", bot_id, "--from", "beginning", "--limit", "3")
    assert len(limited.stdout.splitlines()) == 3


def test_tail_shows_poison_and_dead_letters(river: River) -> None:
    """What cannot be read is a line too."""
    bot_id = fresh()
    river.put_raw(BOT_EVENTS.name, [(bot_id, b"\x01poison")])
    river.put_raw(dlq_of(BOT_EVENTS).name, [(bot_id, b"\x01poison")])
    [poison] = river.ask("tail", "bot.events", "--bot", bot_id, "--until-end").stdout.splitlines()
    assert json.loads(poison)["error_class"] == "bad_magic"
    [dead] = river.ask("tail", "bot.events.dlq", "--bot", bot_id, "--until-end").stdout.splitlines()
    assert json.loads(dead)["value"] == {"bytes": 7, "head_hex": "01706f69736f6e"}


def following(river: River, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*EARSHOT, "tail", *arguments],
        env=river.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_tail_follows_until_it_is_interrupted(river: River) -> None:
    """What comes after the start is shown as it comes; Ctrl-C ends it without a word."""
    bot_id = fresh()
    river.put(BOT_EVENTS, [bot_event(bot_id, BotState.JOINING)])
    with following(river, "bot.events", "--bot", bot_id, "--from", "beginning") as tail:
        assert tail.stdout is not None
        assert json.loads(tail.stdout.readline())["record"]["state"] == "joining"
        river.put(BOT_EVENTS, [bot_event(bot_id, BotState.LEAVING, sequence=1)])
        assert json.loads(tail.stdout.readline())["record"]["state"] == "leaving"
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 0
        assert tail.stderr is not None
        assert tail.stderr.read() == ""


def test_a_broken_pipe_is_quiet(river: River, part: Heard) -> None:
    """`earshot tail … | head -1` ends without a traceback."""
    bot_id = river.meeting(part)
    with following(river, "audio.frames", "--bot", bot_id, "--from", "beginning") as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        tail.stdout.readline()
        tail.stdout.close()
        river.put(AUDIO_FRAMES, part.chunks)
        tail.wait(30)
        assert tail.stderr.read() == ""


def test_an_unknown_topic_lists_those_there_are(river: River) -> None:
    """Exit 2 before anything is connected to."""
    asked = river.ask("tail", "audio.frame")
    assert asked.returncode == 2
    assert "no topic is called 'audio.frame'" in asked.stderr
    assert "audio.frames, meeting.participants, bot.events" in asked.stderr


def test_a_transcript_reads_like_a_meeting(river: River) -> None:
    """From the log: the last revision of each turn, in time order, with names and overlaps; or as JSON."""
    bot_id = fresh()
    turn: Callable[..., Record] = lambda **fields: msgspec.structs.replace(TURN, bot_id=bot_id, **fields)  # noqa: E731
    ada = {"turn_id": "turn_a", "participant_id": "janus:1", "display_name": "Ada", "start_ms": 61_000}
    ben = {"turn_id": "turn_b", "participant_id": "janus:2", "display_name": "Ben", "start_ms": 3_000, "overlaps": ()}
    river.put(
        TRANSCRIPT_TURNS,
        [
            turn(**ada, revision=1, text="guessed", overlaps=("janus:2",)),
            turn(**ben, revision=4, text="good morning"),
            turn(**ada, revision=2, text="said in the end", overlaps=("janus:2",)),
        ],
    )
    shown = river.ask("transcript", bot_id)
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == ["00:03  Ben  good morning", "01:01  Ada  [over Ben] said in the end"]
    whole = json.loads(river.ask("transcript", bot_id, "--json").stdout)
    assert [(found["turn_id"], found["revision"]) for found in whole["turns"]] == [("turn_b", 4), ("turn_a", 2)]


def test_a_transcript_that_has_not_begun_says_so(river: River) -> None:
    """A known bot without turns is no error."""
    bot_id = fresh()
    river.put(BOT_EVENTS, [bot_event(bot_id, BotState.IN_CALL_RECORDING)])
    asked = river.ask("transcript", bot_id)
    assert asked.returncode == 0
    assert asked.stdout == ""
    assert f"no turn of {bot_id} (live) has settled yet" in asked.stderr
