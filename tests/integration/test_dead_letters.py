"""`earshot dlq` on a real broker: what lies there is shown, and is put back once, whatever interrupts it."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from confluent_kafka import Message

from schemas.dead_letter import REDRIVE_OF, RawRecord
from schemas.errors import Unavailable, UsageError
from schemas.settings import Settings
from schemas.topics import BOT_EVENTS, BY_NAME, TRANSCRIPT_TURNS, dlq_of
from schemas.vocabulary import BotState
from sinks.broker import leave
from sinks.dead_letters import redrive as redrive_module
from sinks.dead_letters.cli import dlq
from sinks.dead_letters.redrive import Redriven, redrive
from sinks.dead_letters.shelf import letters, origin_topic
from sinks.log_reader import LogReader
from sinks.scan import scan
from tests.fakes.heard import bot_event
from tests.fakes.topic_of_ones_own import OwnTopic, own_topic

pytestmark = pytest.mark.integration
POISON = [(f"bot_{number}", bytes([7, number])) for number in range(6)]


@pytest.fixture
def settings(kafka_bootstrap: str, registry_url: str) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_bootstrap, schema_registry_url=registry_url)


@pytest.fixture
def own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnTopic]:
    """A topic with six dead letters between good records; the commands find the broker."""
    made = own_topic(settings, BOT_EVENTS)
    made.put([bot_event("bot_0", BotState.JOINING, sequence=0)])
    made.put_raw(POISON)
    made.put([bot_event("bot_0", BotState.DONE, sequence=1)])
    bury(made)
    monkeypatch.setenv("EARSHOT_KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers)
    yield made
    del BY_NAME[made.topic.name], BY_NAME[dlq_of(made.topic).name]


def bury(own: OwnTopic, stage: str = "probe") -> None:
    """A stage reads the topic and buries what it cannot read."""
    read, dead = 0, list[RawRecord]()
    reader = LogReader(
        own.settings,
        group_id=f"{own.topic.name}-{stage}",
        topics=[own.topic],
        stage=stage,
        on_dead=lambda record, _: dead.append(record),
    )
    while read < 2 or len(dead) < len(POISON):
        read += len(reader.poll(0.5))
    reader.close()


def again(own: OwnTopic) -> list[Message]:
    """Records that were put back, in the order of their bytes."""
    found = [message for message in scan(own.settings, own.topic.name) if REDRIVE_OF in dict(message.headers() or [])]
    return sorted(found, key=lambda message: message.value() or b"")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(dlq, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_letters_are_put_back_where_they_came_from_and_leave_the_shelf(own: OwnTopic) -> None:
    """The same bytes under the same key on the same partition, once; a second run finds nothing."""
    where = {message.value(): message.partition() for message in scan(own.settings, own.topic.name)}
    assert redrive(own.settings, own.topic) == Redriven(put_back=6, there_again=0, left=0)
    found = again(own)
    assert [((message.key() or b"").decode(), message.value()) for message in found] == POISON
    assert all(message.partition() == where[message.value()] for message in found)
    assert {"tenant_id", "traceparent", REDRIVE_OF} == {
        name for message in found for name, _ in message.headers() or []
    }
    assert own.dead() == []
    assert redrive(own.settings, own.topic) == Redriven(0, 0, 0)
    assert len(again(own)) == 6


@pytest.mark.parametrize("done", [0, 3, 6])
def test_a_run_killed_in_the_middle_is_run_again_and_nothing_is_there_twice(
    own: OwnTopic, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before, among and after the records, with the letters still on the shelf."""
    put_back, kill = redrive_module._put_back, RuntimeError("killed")

    def some(settings: Settings, wanted: list[object]) -> None:
        put_back(settings, wanted[:done])  # type: ignore[arg-type]
        raise kill

    monkeypatch.setattr(redrive_module, "_put_back", some)
    with pytest.raises(RuntimeError):
        redrive(own.settings, own.topic)
    monkeypatch.setattr(redrive_module, "_put_back", put_back)
    assert len(own.dead()) == 6
    assert redrive(own.settings, own.topic) == Redriven(put_back=6 - done, there_again=done, left=0)
    assert [message.value() for message in again(own)] == [value for _, value in POISON]
    assert own.dead() == []


def test_looking_first_is_what_keeps_it_from_doubling(own: OwnTopic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a run that does not look what is there again puts all of it back a second time."""
    with monkeypatch.context() as patched:
        patched.setattr(redrive_module, "_delete", lambda *_: None)
        redrive(own.settings, own.topic)
        patched.setattr(redrive_module, "_there_again", lambda *_: set())
        redrive(own.settings, own.topic)
    assert len(again(own)) == 12


def test_two_stages_letters_of_one_record_put_it_back_once(own: OwnTopic) -> None:
    """Whoever else could not read it wrote a letter too."""
    bury(own, "another")
    assert len(own.dead()) == 12
    assert redrive(own.settings, own.topic) == Redriven(put_back=6, there_again=6, left=0)
    assert len(again(own)) == 6


def test_what_dies_again_is_a_new_letter(own: OwnTopic) -> None:
    """Redriven before the reader was mended, it lies on the shelf again under its new place, and can be put back again.

    The reader began anew, so it wrote letters of the first places too: those are back already.
    """
    redrive(own.settings, own.topic)
    reader = LogReader(own.settings, group_id=f"{own.topic.name}-anew", topics=[own.topic], stage="probe")
    while len(own.dead()) < 12:
        reader.poll(0.5)
    reader.close()
    assert redrive(own.settings, own.topic) == Redriven(put_back=6, there_again=6, left=0)


def test_a_record_without_an_origin_stays_and_so_do_those_after_it(own: OwnTopic) -> None:
    """It is nobody's to put back; what is put back after it is not put back by the next run."""
    shelf = OwnTopic(dlq_of(own.topic), own.like, own.settings)
    shelf.put_raw([("stranger", b"?")])
    bury(own, "another")
    assert redrive(own.settings, own.topic) == Redriven(put_back=6, there_again=6, left=1)
    assert redrive(own.settings, own.topic) == Redriven(put_back=0, there_again=6, left=1)
    assert own.dead()[0].value() == b"?"
    assert len(again(own)) == 6


def test_only_one_run_at_a_time(own: OwnTopic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second operator is told so."""
    lock = redrive_module._locked(own.settings, own.topic)
    monkeypatch.setattr(redrive_module, "LOCK_WAIT_S", 3.0)
    with pytest.raises(Unavailable, match="another redrive"):
        redrive(own.settings, own.topic)
    leave(lock)
    assert redrive(own.settings, own.topic).put_back == 6


def test_the_commands_say_what_lies_there(own: OwnTopic) -> None:
    """`show` gives one JSON object a letter, bytes only when asked; `redrive` says what it did."""
    shown = [json.loads(line) for line in run("show", own.topic.name).splitlines()]
    assert [letter["error_class"] for letter in shown] == ["bad_header"] * 6
    assert {letter["stage"] for letter in shown} == {"probe"}
    assert not any("value" in letter for letter in shown)
    [one] = run("show", dlq_of(own.topic).name, "--offset", "2", "--bytes").splitlines()
    assert json.loads(one)["value"] in {value.hex() for _, value in POISON}
    assert run("redrive", own.topic.name).startswith("6 put back, 0 there already, 0 left")
    with pytest.raises(UsageError, match="no topic is called nowhere"):
        origin_topic("nowhere")


def test_the_list_counts_by_stage_and_error(own: OwnTopic) -> None:
    """Of the topics every cluster has; the console command knows it."""
    shelf = OwnTopic(dlq_of(TRANSCRIPT_TURNS), own.like, own.settings)
    before = sum(1 for _ in letters(own.settings, TRANSCRIPT_TURNS))
    shelf.put_raw([("stranger", b"?")])
    assert f"{TRANSCRIPT_TURNS.name}: {before + 1}\n" in run("list")
    command = (sys.executable, "-c", "from earshot.command import main; main()", "dlq", "--help")
    assert "redrive" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
