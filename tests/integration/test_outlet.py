"""The bot's way to a real Kafka, with hardly any memory: what is spooled arrives whole and in order."""

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from infra.local.ports import free_ports
from producers.bot.outlet import Outlet
from producers.bot.publisher import Publisher
from schemas.events import AudioChunk
from schemas.settings import BotSettings
from schemas.topics import AUDIO_FRAMES
from schemas.vocabulary import ChunkKind
from sinks.bot_log import BotLog
from tests.fakes.audio_chunk import audio_chunk

pytestmark = pytest.mark.integration
CHUNKS = 200


def settings(kafka_bootstrap: str, registry_url: str, folder: Path, *, disk_mb: int = 100) -> BotSettings:
    """No memory at all: everything that is not the next record goes to the disk."""
    return BotSettings(
        kafka_bootstrap_servers=kafka_bootstrap,
        schema_registry_url=registry_url,
        var_dir=folder,
        backlog_memory_mb=0,
        backlog_disk_mb=disk_mb,
    )


def chunks(bot_id: str) -> list[AudioChunk]:
    return [msgspec.structs.replace(audio_chunk(), bot_id=bot_id, seq=5 * number) for number in range(CHUNKS)]


async def test_what_was_spooled_arrives_in_order(kafka_bootstrap: str, registry_url: str, tmp_path: Path) -> None:
    """Nothing lost, nothing twice, nothing out of order, and the disk is given back."""
    bot_id = f"bot_{uuid4().hex[:12]}"
    mine = settings(kafka_bootstrap, registry_url, tmp_path)
    outlet = Outlet(mine)
    await outlet.check()
    publisher = Publisher(outlet, "default", bot_id)
    sent = [publisher.send_chunk(chunk) for chunk in chunks(bot_id)]
    assert outlet.backlog.spooled_bytes > 0
    assert list((tmp_path / "spool").iterdir()) != []
    assert await publisher.flush(60)
    found = [logged.record for logged in BotLog(mine, bot_id).records(AUDIO_FRAMES, AudioChunk)]
    assert found == sent == chunks(bot_id)
    assert list((tmp_path / "spool").iterdir()) == []
    assert publisher.last_offsets[AUDIO_FRAMES.name] >= CHUNKS - 1


async def test_without_a_disk_the_same_is_declared_lost(
    kafka_bootstrap: str, registry_url: str, tmp_path: Path
) -> None:
    """The control: no memory, no disk, so every chunk is a gap with its cause, and the gaps arrive."""
    bot_id = f"bot_{uuid4().hex[:12]}"
    mine = settings(kafka_bootstrap, registry_url, tmp_path, disk_mb=0)
    publisher = Publisher(Outlet(mine), "default", bot_id)
    sent = [publisher.send_chunk(chunk) for chunk in chunks(bot_id)]
    assert {chunk.kind for chunk in sent} == {ChunkKind.GAP}
    assert await publisher.flush(60)
    assert [logged.record for logged in BotLog(mine, bot_id).records(AUDIO_FRAMES, AudioChunk)] == sent


async def test_a_broker_that_stays_away_is_told(registry_url: str, tmp_path: Path) -> None:
    """Capture is never held up, and the end knows that not everything arrived."""
    [port] = free_ports(1)
    outlet = Outlet(settings(f"127.0.0.1:{port}", registry_url, tmp_path))
    publisher = Publisher(outlet, "default", "bot_1")
    for chunk in chunks("bot_1"):
        publisher.send_chunk(chunk)
    assert not await publisher.flush(1)
    assert outlet.backlog.spooled_bytes > 0
