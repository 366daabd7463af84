"""A real bot in a real meeting: Janus, Chromium, Kafka."""

import os
from pathlib import Path
from typing import Any

import pytest

from infra.demo.talker import Talker
from infra.local.janus import JanusServer
from infra.local.rooms import Room
from schemas.events import AudioChunk, BotEvent, ParticipantEvent
from schemas.vocabulary import Attribution, BotState, ChunkKind, ParticipantKind
from tests.browser.conftest import People
from tests.fakes.bot_bench import BotBench, BotProcess
from tests.fakes.synthetic_bot import capture_closes, verified

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LIFE = [
    BotState.JOINING,
    BotState.IN_CALL_NOT_RECORDING,
    BotState.IN_CALL_RECORDING,
    BotState.LEAVING,
    BotState.CALL_ENDED,
    BotState.DONE,
]


def feed_of(janus: JanusServer, room: Room, name: str) -> int:
    return next(one.id for one in janus.rooms.participants(room) if one.display == name)


def told(people: list[ParticipantEvent], name: str) -> list[ParticipantKind]:
    speech = (ParticipantKind.SPEECH_ON, ParticipantKind.SPEECH_OFF)
    return [event.kind for event in people if event.display_name == name and event.kind not in speech]


def muted_for(chunks: list[AudioChunk], participant_id: str) -> int:
    return sum(c.units for c in chunks if c.participant_id == participant_id and c.kind is ChunkKind.SILENCE)


async def live_through(bot: BotProcess, ann: Talker, bob: Talker, janus: JanusServer, room: Room) -> None:
    """Ann mutes and is muted by the moderator; Bob leaves and comes back."""
    await bot.heard(streams=2)
    feed = feed_of(janus, room, "Ann")
    before = muted_for(bot.chunks(), f"janus:{feed}")
    await ann.toggle_mute()
    await bot.until(bot.chunks, lambda chunks: muted_for(chunks, f"janus:{feed}") > before + 50)
    await ann.toggle_mute()
    janus.rooms.mute(room, feed)
    await bot.until(bot.people, lambda people: ParticipantKind.MUTE in told(people, "Ann"))
    janus.rooms.mute(room, feed, muted=False)
    await bot.until(bot.people, lambda people: ParticipantKind.UNMUTE in told(people, "Ann"))
    await bob.leave()
    await bot.until(bot.people, lambda people: ParticipantKind.LEAVE in told(people, "Bob"))
    await bob.arrive()
    await bob.join()
    await bot.heard(streams=3)


def assert_sandboxed(bot: BotProcess) -> None:
    """Every process of the browser is unprivileged, and what runs the page is under seccomp."""
    for process in bot.browser("--type=renderer"):
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Seccomp:\t2" in status
    family = [bot.browser("")[0], *bot.browser("--type=")]
    assert all("--no-sandbox" not in process.cmdline() for process in family)
    assert os.geteuid() != 0 or all(process.uids().real != 0 for process in family)


async def test_what_people_say_is_on_kafka_and_the_account_closes(
    bench: BotBench, janus: JanusServer, people: People
) -> None:
    """Two people, a mute, a moderator's mute, a rejoin: units tile, counts match, names are right, `done` is last."""
    room = janus.create_room()
    async with bench.bot(janus.link(room)) as bot, people(room) as (ann, bob):
        await bot.line("recording")
        await ann.join()
        await bob.join()
        await live_through(bot, ann, bob, janus, room)
        assert_sandboxed(bot)
        summary = await bot.leave()
        assert janus.rooms.participants(room) != [], "people are still there"
        assert "Earshot" not in [one.display for one in janus.rooms.participants(room)], "the bot left no ghost"
        assert_told(bot.people())
        assert_account(bot, bot.events(), summary)


def assert_told(people: list[ParticipantEvent]) -> None:
    """Each fact once, in a dense sequence."""
    kinds = ParticipantKind
    assert told(people, "Ann") == [kinds.JOIN, kinds.MUTE, kinds.UNMUTE]
    assert told(people, "Bob") == [kinds.JOIN, kinds.LEAVE, kinds.JOIN]
    assert [event.sequence for event in people] == list(range(len(people)))
    assert "Earshot" not in {event.display_name for event in people}
    assert kinds.SPEECH_ON in {event.kind for event in people}


def assert_account(bot: BotProcess, events: list[BotEvent], summary: dict[str, Any]) -> None:
    """The life as it should be, and a ledger that verify accepts; one chunk less and it does not."""
    assert [event.state for event in events] == LIFE
    assert [event.sequence for event in events] == list(range(len(LIFE)))
    done, chunks, names = events[-1], bot.chunks(), {e.participant_id: e.display_name for e in bot.people()}
    assert done.ledger is not None
    assert capture_closes(verified(done.ledger, chunks))
    assert not capture_closes(verified(done.ledger, [*chunks[:-1]]))
    assert [line.epoch for line in done.ledger.streams] == [0, 0, 0]
    assert sorted(names[line.participant_id or ""] or "" for line in done.ledger.streams) == ["Ann", "Bob", "Bob"]
    assert {chunk.attribution for chunk in chunks} == {Attribution.EXACT}
    assert {chunk.recording_started_at_us for chunk in chunks} == {done.recording_started_at_us}
    assert int(done.attrs["audio.frames.last_offset"]) >= len(chunks) - 1
    assert done.attrs["capture_transport"] == "websocket"
    assert summary["outcome"] == done.ledger.outcome == "completed"
    assert summary["rss_mb_peak"] > 100
    assert summary["cpu_seconds"] > 0


async def test_where_the_socket_is_not_to_be_had_the_binding_carries_the_sound(
    bench: BotBench, janus: JanusServer, people: People
) -> None:
    """The same account over the fallback."""
    room = janus.create_room()
    async with (
        bench.bot(janus.link(room), EARSHOT_CAPTURE_TRANSPORT="binding") as bot,
        people(room) as (ann, _),
    ):
        await bot.line("recording")
        await ann.join()
        await bot.heard(streams=1)
        await bot.leave()
        done = bot.events()[-1]
        assert done.attrs["capture_transport"] == "binding"
        assert done.ledger is not None
        assert capture_closes(verified(done.ledger, bot.chunks()))


async def test_a_bot_that_is_thrown_out_ends_properly(bench: BotBench, janus: JanusServer) -> None:
    """Kicked by the moderator: no failure, but a reason, and `done` with exit code 0."""
    room = janus.create_room()
    async with bench.bot(janus.link(room)) as bot:
        await bot.line("recording")
        janus.rooms.kick(room, feed_of(janus, room, "Earshot"))
        await bot.finished()
        ended, done = bot.events()[-2:]
        assert (ended.state, ended.sub_code) == (BotState.CALL_ENDED, "kicked")
        assert done.state is BotState.DONE
