"""What tests in a real browser share: a bench for bots, and people to listen to."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from infra.demo.script import Line, Part
from infra.demo.talker import Talker, talkers
from infra.demo.voices import flite_recordings
from infra.local.janus import JanusServer
from infra.local.rooms import Room
from schemas.settings import BotSettings
from schemas.timebase import SystemClock
from tests.fakes.bot_bench import BotBench

SPEECH = "The quick brown fox jumps over the lazy dog. " * 8
VOICES = {"Ann": "slt", "Bob": "rms"}
People = Callable[[Room], AbstractAsyncContextManager[tuple[Talker, ...]]]


@pytest.fixture
def bench(kafka_bootstrap: str, registry_url: str) -> BotBench:
    """Bots that find this run's Kafka and registry."""
    return BotBench(kafka_bootstrap, registry_url)


@pytest.fixture
def people(janus: JanusServer, tmp_path: Path) -> People:
    """Ann and Bob in front of a room's page, each in a browser of their own; they speak when they join."""
    parts = [Part(name=name, voice=voice, lines=(Line(SPEECH, pause_s=0.5),)) for name, voice in VOICES.items()]

    @asynccontextmanager
    async def arrived(room: Room) -> AsyncIterator[tuple[Talker, ...]]:
        async with talkers(
            flite_recordings(parts, tmp_path),
            meeting_link=janus.link(room),
            chromium=BotSettings().chromium_path,
            folder=tmp_path,
            clock=SystemClock(),
        ) as found:
            yield found

    return arrived
