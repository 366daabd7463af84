"""Things of the browser are really killed under a bot: capture comes back, and what was lost says why."""

import pytest

from infra.local.janus import JanusServer
from schemas.vocabulary import BotState, GapCause
from tests.browser.conftest import People
from tests.fakes.bot_bench import BotBench, BotProcess
from tests.fakes.synthetic_bot import capture_closes, verified

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
AUDIO_SERVICE = "audio.mojom.AudioService"


def kill(bot: BotProcess, mark: str) -> None:
    victims = bot.browser(mark)
    assert victims, f"no process of the browser has {mark!r}"
    for victim in victims:
        victim.kill()


async def test_capture_comes_back_from_every_death(bench: BotBench, janus: JanusServer, people: People) -> None:
    """Audio service, renderer, browser, one after another in one meeting: each a note, a gap with its cause, an account."""
    room = janus.create_room()
    async with bench.bot(janus.link(room)) as bot, people(room) as (ann, bob):
        await bot.line("recording")
        await ann.join()
        await bob.join()
        await bot.heard(streams=2)
        await audio_service_dies(bot)
        kill(bot, "--type=renderer")
        await bot.heard(streams=2, epoch=1)
        kill(bot, "")
        await bot.heard(streams=2, epoch=2)
        await bot.leave()
        events, chunks = bot.events(), bot.chunks()
    notes = [event.sub_code for event in events if event.state is BotState.ERROR]
    assert notes == ["audio_service_death", "renderer_crash", "browser_crash"]
    done = events[-1]
    assert done.ledger is not None
    assert capture_closes(verified(done.ledger, chunks))
    causes = {(line.epoch, cause) for line in done.ledger.streams for cause in line.units_gap}
    assert {(0, "audio_service_death"), (0, "renderer_crash"), (1, "browser_crash")} <= causes
    assert done.attrs["capture_recoveries"] == "3"


async def audio_service_dies(bot: BotProcess) -> None:
    """No event tells of it; the gap appears on the topic, in the same epoch, when sound is back."""
    kill(bot, AUDIO_SERVICE)

    def declared(streams: int) -> bool:
        found = {chunk.stream_id for chunk in bot.chunks() if chunk.cause is GapCause.AUDIO_SERVICE_DEATH}
        return len(found) >= streams

    await bot.until(lambda: declared(2), bool)
