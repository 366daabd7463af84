"""What the demo asks when the meeting is over: the ledger, the engine, the table, the receiver's notes."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from clickhouse_driver import Client

from infra.demo.figures import Proof
from infra.demo.receipts import Receipt
from infra.demo.supervisor import EARSHOT
from infra.demo.voices import Recording
from schemas.errors import Unavailable
from schemas.settings import ClickHouseSettings


class EngineWord(msgspec.Struct, frozen=True):
    """A word of `earshot transcribe --wav`."""

    text: str


class EngineReport(msgspec.Struct, frozen=True):
    """What the demo needs of the JSON of `earshot transcribe --wav`."""

    words: tuple[EngineWord, ...]


async def proof(bot_id: str, settings: Mapping[str, str]) -> Proof:
    """The account of `earshot verify`, whether it closes or not."""
    _, said = await _earshot(("verify", bot_id, "--json"), settings)
    return msgspec.json.decode(said, type=Proof)


async def delivery_log(bot_id: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    """What `earshot webhooks attempts` tells of the bot, a line a try under a head."""
    _, said = await _earshot(("webhooks", "attempts", "--bot", bot_id), settings)
    return tuple(said.decode().splitlines())


async def engine_words(recordings: Sequence[Recording], settings: Mapping[str, str]) -> dict[str, str]:
    """What the engine makes of each talker's recording itself, without a meeting in between."""
    heard = await asyncio.gather(*(_engine(recording.wav, settings) for recording in recordings))
    return {recording.part.name: words for recording, words in zip(recordings, heard, strict=True)}


def turns_in_clickhouse(settings: ClickHouseSettings, bot_id: str) -> int:
    """Settled turns an analyst would find."""
    client = Client(
        settings.clickhouse_host,
        settings.clickhouse_port,
        user=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        database=settings.clickhouse_database,
    )
    try:
        ((count,),) = client.execute("SELECT count() FROM v_turns WHERE bot_id = %(bot_id)s", {"bot_id": bot_id})
        return int(count)
    finally:
        client.disconnect()


def receipts_of(notes: Path, bot_id: str) -> list[Receipt]:
    """What the receiver wrote down of this bot; unsigned requests of anybody are kept, for nobody should send them."""
    if not notes.exists():
        return []
    lines = [msgspec.json.decode(line, type=Receipt) for line in notes.read_bytes().splitlines()]
    return [receipt for receipt in lines if receipt.bot_id == bot_id or not receipt.verified]


async def _engine(wav: Path, settings: Mapping[str, str]) -> str:
    code, said = await _earshot(("transcribe", "--wav", str(wav)), settings)
    if code:
        raise Unavailable(f"the engine cannot read {wav.name}", remedy="`earshot doctor` says what is missing")
    return " ".join(word.text for word in msgspec.json.decode(said, type=EngineReport).words)


async def _earshot(arguments: Sequence[str], settings: Mapping[str, str]) -> tuple[int, bytes]:
    """Exit code and standard output of one of our own commands; its complaints go to our standard error."""
    command = ("env", *(f"{name}={value}" for name, value in settings.items()), EARSHOT, *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return int(process.returncode or 0), said
