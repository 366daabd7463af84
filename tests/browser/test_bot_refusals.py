"""A bot that cannot do its work says so, on the topic where it can, and leaves nothing behind."""

import asyncio
import subprocess
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from infra.local.janus import JanusServer
from infra.local.ports import free_ports
from producers.cli import bot as bot_command
from schemas.errors import UsageError
from schemas.vocabulary import BotState
from tests.fakes.bot_bench import BotBench

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
NOWHERE = "http://127.0.0.1:{}/mvideoroomtest.html?room=1"


async def refused(bench: BotBench, url: str, **environment: str) -> tuple[str, str]:
    """The last two events of a bot that could not join: why, and that it is done."""
    async with bench.bot(url, **environment) as bot:
        last = await bot.line("done")
        assert last["outcome"] == "failed"
        assert await asyncio.wait_for(bot.process.wait(), 30) != 0
        fatal, done = bot.events()[-2:]
        assert (fatal.state, done.state) == (BotState.FATAL, BotState.DONE)
        assert done.ledger is not None
        assert done.ledger.outcome == "failed"
        assert fatal.remedy
        return fatal.sub_code, fatal.message


async def test_a_room_that_does_not_exist(bench: BotBench, janus: JanusServer) -> None:
    """Janus says 426; the bot says it in words."""
    url = janus.link(janus.create_room()).split("room=")[0] + "room=999999"
    assert await refused(bench, url) == ("no_such_room", "room 999999 does not exist")


async def test_a_locked_room(bench: BotBench, janus: JanusServer) -> None:
    """Nobody new is let in: the server's own reason is told."""
    room = janus.create_room()
    janus.rooms.lock(room)
    sub_code, message = await refused(bench, janus.link(room))
    assert sub_code.startswith("janus_")
    assert "refuses the bot" in message


async def test_a_page_that_is_away(bench: BotBench) -> None:
    """No web server there."""
    [port] = free_ports(1)
    sub_code, message = await refused(bench, NOWHERE.format(port))
    assert sub_code == "join_failed"
    assert "the meeting page does not open" in message


async def test_chromium_is_missing(bench: BotBench, janus: JanusServer) -> None:
    """The message names the path."""
    link = janus.link(janus.create_room())
    _, message = await refused(bench, link, EARSHOT_CHROMIUM_PATH="/nowhere/chromium")
    assert message == "there is no Chromium at /nowhere/chromium"


@pytest.mark.parametrize("variable", ["EARSHOT_KAFKA_BOOTSTRAP_SERVERS", "EARSHOT_SCHEMA_REGISTRY_URL"])
async def test_kafka_or_registry_away_at_start(bench: BotBench, variable: str, tmp_path: Path) -> None:
    """Exit code 3, two lines that help, and no browser was even started."""
    [port] = free_ports(1)
    away = f"127.0.0.1:{port}" if "KAFKA" in variable else f"http://127.0.0.1:{port}/apis/ccompat/v7"
    places = {
        "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": bench.kafka_bootstrap,
        "EARSHOT_SCHEMA_REGISTRY_URL": bench.registry_url,
        "EARSHOT_STARTUP_TIMEOUT_S": "4",
    }
    result = await asyncio.to_thread(
        subprocess.run,
        [bench.command, "bot", "--meeting-url", NOWHERE.format(1)],
        env={**places, variable: away, "PATH": "/usr/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 3, result.stderr
    assert "does not answer" in result.stderr
    assert "remedy: start it with `earshot up`" in result.stderr
    assert not [one for one in psutil.Process().children(recursive=True) if one.name() == "chromium"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--meeting-url", "https://example.org/meet"], "is no meeting this bot knows"),
        (["--meeting-url", NOWHERE.format(1) + "x"], "a Janus room is a number"),
        (["--meeting-url", NOWHERE.format(1), "--name", "Ear Shot"], "letters and digits only"),
    ],
)
def test_what_a_person_typed_wrong_is_said_before_anything_starts(arguments: list[str], words: str) -> None:
    """No Kafka and no browser is needed to see a wrong link or name."""
    result = CliRunner().invoke(bot_command, arguments)
    assert isinstance(result.exception, UsageError)
    assert words in result.exception.message
    assert result.exception.remedy
