"""`earshot turns` on a real Kafka and registry: killed, doubled, fed poison, replayed."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.cluster import Cluster, own_cluster
from infra.local.ports import free_ports
from schemas.events import Turn
from schemas.ids import event_id
from schemas.settings import LocalSettings
from schemas.topics import BOT_EVENTS, MEETING_PARTICIPANTS, STT_RESULTS, Topic
from schemas.vocabulary import ParticipantKind, TranscriptKind, TurnReason, TurnState
from tests.fakes.fresh_name import fresh
from tests.fakes.scripted_results import Voice, done, participant, said
from tests.fakes.turns_bench import TurnsBench, TurnsWorker, latest, spoken
from tests.fakes.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A log that holds nothing else: every new group here reads it from its beginning, all partitions of it."""
    with own_cluster(LocalSettings(), tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def bench(cluster: Cluster, tmp_path: Path) -> Iterator[TurnsBench]:
    bench = TurnsBench(cluster.bootstrap_servers, cluster.registry_url, tmp_path)
    yield bench
    bench.close()


def assert_dense(revisions: list[Turn]) -> None:
    """Every turn's revisions are 1, 2, 3 …, each at least once, in order."""
    seen: dict[str, int] = {}
    for turn in revisions:
        assert turn.revision <= seen.get(turn.turn_id, 0) + 1, (turn.turn_id, turn.revision)
        seen[turn.turn_id] = max(seen.get(turn.turn_id, 0), turn.revision)


def named(revisions: list[Turn], text: str) -> bool:
    """Whether a turn was shown with this text and its speaker's name."""
    return any(turn.text == text and turn.display_name == "Ada" for turn in revisions)


def test_a_meeting_becomes_turns(bench: TurnsBench) -> None:
    """Two voices, one of them named late: named turns, overlaps, a settled turn told again, and `processed` at the end."""
    bench.ready()
    bot = fresh("bot")
    ada = Voice(bot_id=bot)
    bob = Voice(bot_id=bot, stream_id="janus:2/audio", participant_id="janus:2")
    bench.say(participant(ParticipantKind.JOIN, 0, bot_id=bot, name="Ada"))
    bench.say(ada.partial(said("good mor", 0, final=False)), bob.partial(said("yes", 100, final=False)))
    bench.say(ada.end(said("good morning", 0), 600), bob.end(said("yes please", 100), 900))
    until(lambda: len(bench.turns(bot)) == 2, "two settled turns")
    bench.say(participant(ParticipantKind.JOIN, 1, bot_id=bot, participant_id="janus:2", name="Bob"))
    ends = {(ada.stream_id, 0): 2000, (bob.stream_id, 0): 2000}
    bench.say(ada.final(said("and so", 1000), 1500), ada.skipped(2000), bob.skipped(2000), done(bot, ends))
    until(lambda: bench.processed(bot) != [], "processed")

    turns = latest(bench.turns(bot)).values()
    assert [(t.display_name, t.text, t.state) for t in sorted(turns, key=lambda t: t.start_ms)] == [
        ("Ada", "good morning", TurnState.END_OF_TURN),
        ("Bob", "yes please", TurnState.END_OF_TURN),
        ("Ada", "and so", TurnState.END_OF_TURN),
    ]
    assert {t.text: t.overlaps for t in turns}["yes please"] == ("janus:1",)
    assert {t.text: t.reason for t in turns}["and so"] is TurnReason.STREAM_END
    [event] = bench.processed(bot)
    assert (event.kind, event.turns, event.words) == (TranscriptKind.PROCESSED, 3, 6)
    assert event.event_id == event_id(bot, "transcript", "live", "processed")
    assert_dense(bench.partials(bot))


def test_kill_9_in_an_open_turn(bench: TurnsBench) -> None:
    """After kill -9 the open turn keeps its id, its revision goes on, and no word is said twice or lost."""
    worker = bench.ready()
    bot = fresh("bot")
    voice = Voice(bot_id=bot)
    bench.say(participant(ParticipantKind.JOIN, 0, bot_id=bot, name="Ada"))
    bench.say(voice.end(said("before all", 0), 500))
    until(lambda: named(bench.partials(bot), "before all"), "the name is known, whichever topic was read first")
    bench.say(voice.final(said("we were", 600), 1000))
    until(lambda: named(bench.partials(bot), "we were"), "the open turn is shown")
    worker.end(signal.SIGKILL)
    bench.say(voice.partial(said("inter", 1000, final=False)), voice.end(said("interrupted here", 1000), 1500))
    bench.say(voice.skipped(2000), done(bot, {(voice.stream_id, 0): 2000}))
    bench.ready()
    until(lambda: bench.processed(bot) != [], "processed")

    assert spoken(bench.turns(bot)) == ["before all", "we were interrupted here"]
    revisions = bench.partials(bot)
    assert_dense(revisions)
    assert len({turn.turn_id for turn in revisions}) == 2
    assert latest(revisions)[revisions[-1].turn_id].revision == 3
    assert (bench.processed(bot)[-1].turns, bench.processed(bot)[-1].words) == (2, 6)


def test_kill_9_again_and_again(bench: TurnsBench) -> None:
    """Killed at any record, all turns of several bots come out once and whole."""
    bots = [fresh("bot") for _ in range(6)]
    voices = [Voice(bot_id=bot) for bot in bots]
    wanted = {bot: [f"{bot} says number {i}" for i in range(20)] for bot in bots}
    worker = bench.ready()
    for i in range(20):
        for voice in voices:
            at = voice.cursor_ms
            text = wanted[voice.bot_id][i]
            bench.say(voice.partial(said(text, at, final=False)), voice.end(said(text, at), at + 1000))
        if i % 7 == 5:
            worker.end(signal.SIGKILL)
            worker = bench.ready()
    for voice in voices:
        bench.say(done(voice.bot_id, {(voice.stream_id, 0): voice.cursor_ms}))
    until(lambda: all(bench.processed(bot) for bot in bots), "all processed")
    for bot in bots:
        assert spoken(bench.turns(bot)) == wanted[bot]
        assert_dense(bench.partials(bot))
        assert bench.processed(bot)[-1].words == 20 * 4


def test_two_workers_share_the_bots(bench: TurnsBench) -> None:
    """A second worker takes half of the partitions, the same of each topic; when one dies the other goes on."""
    first = bench.ready()
    bots = [fresh("bot") for _ in range(8)]
    voices = [Voice(bot_id=bot) for bot in bots]
    for voice in voices:
        bench.say(participant(ParticipantKind.JOIN, 0, bot_id=voice.bot_id, name="Ada"))
        bench.say(voice.final(said("said before", 0), 500))
    second = bench.ready()
    until(lambda: len(first.partitions()) == len(second.partitions()) == 4, "four partitions each")
    assert sorted(first.partitions() + second.partitions()) == list(range(8))
    for voice in voices:
        bench.say(voice.final(said("and after", 500), 1000))
    until(lambda: all(len(bench.partials(bot)) >= 2 for bot in bots), "both serve their bots")
    first.end(signal.SIGKILL)
    for voice in voices:
        bench.say(voice.end(said("the end", 1000), 1500), done(voice.bot_id, {(voice.stream_id, 0): 1500}))
    until(lambda: all(bench.processed(bot) for bot in bots), "one goes on for both")
    for bot in bots:
        [turn] = latest(bench.turns(bot)).values()
        assert (turn.text, turn.display_name, turn.revision) == ("said before and after the end", "Ada", 3)


def test_partitions_that_come_back(bench: TurnsBench) -> None:
    """Partitions given to a second worker and taken back when it leaves: what was said there in between is not lost."""
    bench.ready()
    bots = [fresh("bot") for _ in range(8)]
    voices = [Voice(bot_id=bot) for bot in bots]
    for voice in voices:
        bench.say(voice.final(said("one", 0), 200))
    until(lambda: all(bench.partials(bot) for bot in bots), "one")
    second = bench.ready()
    for voice in voices:
        bench.say(voice.final(said("two", 200), 400))
    until(lambda: all(len(bench.partials(bot)) >= 2 for bot in bots), "two")
    assert second.end() == 0
    for voice in voices:
        bench.say(voice.end(said("three", 400), 600))
    until(lambda: all(bench.turns(bot) for bot in bots), "three")
    for bot in bots:
        assert spoken(bench.turns(bot)) == ["one two three"]
        assert_dense(bench.partials(bot))


@pytest.mark.parametrize("topic", [STT_RESULTS, MEETING_PARTICIPANTS, BOT_EVENTS], ids=lambda topic: topic.name)
def test_poison(bench: TurnsBench, topic: Topic) -> None:
    """What cannot be read goes to the topic's dead letters with its bytes, and the bot's stream goes on."""
    bench.ready()
    bot = fresh("bot")
    voice = Voice(bot_id=bot)
    good = bench.codec.encode(STT_RESULTS, voice.final(said("x", 0), 100))
    voice.cursor_ms = 0
    poison = [b"", b"\x01abcd", b"\x00\x7f\xff\xff\xffno such schema", good[:9], None, good[:5] + b"\xff" * 30]
    for value in poison:
        bench.say_bytes(topic, bot, value)
    bench.say_bytes(STT_RESULTS, fresh("other"), good)
    bench.say(voice.end(said("still here", 0), 500))
    until(lambda: bench.turns(bot) != [], "the stream goes on")
    until(lambda: len(bench.dead_letters(topic, bot)) == len(poison), "all buried")
    assert bench.dead_letters(topic, bot) in ([value or None for value in poison], poison)
    assert spoken(bench.turns(bot)) == ["still here"]


def test_replay_into_a_new_group(bench: TurnsBench, tmp_path: Path) -> None:
    """All inputs from offset 0 into another group give the same turns: ids, words, names, times.

    Of each turn the last revision counts: a name that the other topic brought later makes one more.
    """
    bench.ready()
    bots = [fresh("bot") for _ in range(3)]
    for bot in bots:
        voice = Voice(bot_id=bot)
        bench.say(participant(ParticipantKind.JOIN, 0, bot_id=bot, name="Ada"))
        for i in range(10):
            bench.say(voice.partial(said(f"turn {i}", i * 1000, final=False)))
            bench.say(voice.end(said(f"turn number {i}", i * 1000), i * 1000 + 800))
        bench.say(done(bot, {(voice.stream_id, 0): voice.cursor_ms}))
    until(lambda: all(bench.processed(bot) and all_named(bench.turns(bot)) for bot in bots), "processed")
    once = {bot: bench.turns(bot) for bot in bots}
    again = TurnsBench(bench.kafka_bootstrap, bench.registry_url, tmp_path)
    try:
        again.ready()
        replayed = {bot: lambda bot=bot: bench.turns(bot)[len(once[bot]) :] for bot in bots}
        until(lambda: all(len(bench.processed(bot)) == 2 for bot in bots), "processed again")
        until(lambda: all(all_named(turns()) for turns in replayed.values()), "named again")
    finally:
        again.close()
    for bot in bots:
        assert contents(replayed[bot]()) == contents(once[bot])
        assert len(contents(once[bot])) == 10


def all_named(turns: list[Turn]) -> bool:
    return all(turn.display_name == "Ada" for turn in latest(turns).values())


def contents(turns: list[Turn]) -> list[tuple[object, ...]]:
    return [content(turn) for turn in latest(turns).values()]


def content(turn: Turn) -> tuple[object, ...]:
    """All of a turn but when it was produced."""
    return (turn.turn_id, turn.state, turn.words, turn.display_name, turn.start_ms, turn.end_ms, turn.reason)


def test_sigterm_ends_it_quickly(bench: TurnsBench) -> None:
    """A supervisor's SIGTERM is obeyed with exit code 0."""
    assert bench.ready().end(signal.SIGTERM) == 0


def test_a_worker_stopped_too_long_ends_itself(bench: TurnsBench) -> None:
    """A process stopped for longer than its group waits holds what is another worker's by now: it ends, writes nothing."""
    stopped = bench.ready()
    bot = fresh("bot")
    voice = Voice(bot_id=bot)
    bench.say(voice.final(said("one", 0), 200))
    until(lambda: bench.partials(bot) != [], "one")
    stopped.send(signal.SIGSTOP)
    other = bench.start()
    bench.say(voice.end(said("two", 200), 400))
    until(lambda: bench.turns(bot) != [], "the other worker takes over")
    stopped.send(signal.SIGCONT)
    assert stopped.wait(15) == 4
    assert "fenced" in stopped.said()
    assert spoken(bench.turns(bot)) == ["one two"]
    assert_dense(bench.partials(bot))
    assert other.end() == 0


def refused(worker: TurnsWorker) -> str:
    assert worker.wait(20) == 3
    return worker.said()


def test_broker_away_at_start(bench: TurnsBench) -> None:
    """No broker: a message that says so and how to mend it, and exit code 3, within 15 s."""
    [port] = free_ports(1)
    said_so = refused(bench.start(EARSHOT_KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}"))
    assert "does not answer" in said_so
    assert "earshot up" in said_so


def test_registry_away_at_start(bench: TurnsBench) -> None:
    """No registry: the same."""
    [port] = free_ports(1)
    said_so = refused(bench.start(EARSHOT_SCHEMA_REGISTRY_URL=f"http://127.0.0.1:{port}"))
    assert "schema registry" in said_so
    assert "remedy" in said_so
