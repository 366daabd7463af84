"""A real `earshot bot` process under test, and what it puts on Kafka."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psutil

from schemas.events import AudioChunk, BotEvent, ParticipantEvent
from schemas.settings import Settings
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, MEETING_PARTICIPANTS
from schemas.vocabulary import ChunkKind
from sinks.bot_log import BotLog

PATIENCE_S = 60.0
T = TypeVar("T")


@dataclass
class BotBench:
    """Where bots of a test find Kafka and the registry."""

    kafka_bootstrap: str
    registry_url: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The console command of this environment."""
        return str(Path(sys.executable).with_name("earshot"))

    @property
    def settings(self) -> Settings:
        return Settings(kafka_bootstrap_servers=self.kafka_bootstrap, schema_registry_url=self.registry_url)

    @asynccontextmanager
    async def bot(self, meeting_url: str, **environment: str) -> AsyncIterator["BotProcess"]:
        """A bot sent to a meeting; it is made to leave at the end, and killed if it does not."""
        bot_id = f"bot_{uuid4().hex[:12]}"
        process = await asyncio.create_subprocess_exec(
            *(self.command, "bot", "--meeting-url", meeting_url, "--bot-id", bot_id),
            stdout=subprocess.PIPE,
            env={**os.environ, **self.environment, **self._places(), **environment},  # noqa: TID251 - the child's
        )
        bot = BotProcess(bot_id, process, self.settings)
        try:
            yield bot
        finally:
            await bot.end()

    def _places(self) -> dict[str, str]:
        return {
            "EARSHOT_KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap,
            "EARSHOT_SCHEMA_REGISTRY_URL": self.registry_url,
        }


class BotProcess:
    """One bot: its lines on stdout, its processes, its records."""

    def __init__(self, bot_id: str, process: asyncio.subprocess.Process, settings: Settings) -> None:
        self.bot_id = bot_id
        self.process = process
        self._settings = settings

    async def line(self, event: str) -> dict[str, Any]:
        """The next line on stdout, which must be this event."""
        assert self.process.stdout is not None
        text = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)
        found: dict[str, Any] = json.loads(text or "{}")
        assert found.get("event") == event, found
        assert found["bot_id"] == self.bot_id
        return found

    async def leave(self) -> dict[str, Any]:
        """Ask it to leave as a supervisor would; its last line."""
        self.process.send_signal(signal.SIGTERM)
        return await self.finished()

    async def finished(self, exit_code: int = 0) -> dict[str, Any]:
        last = await self.line("done")
        assert await asyncio.wait_for(self.process.wait(), PATIENCE_S) == exit_code
        return last

    async def end(self) -> None:
        """Whatever the test did: no process of the bot stays."""
        if self.process.returncode is not None:
            return
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        await self.process.wait()
        for one in family:
            if one.is_running():
                one.kill()

    def browser(self, mark: str) -> list[psutil.Process]:
        """Processes of the bot's browser whose command line has `mark`; "" is the browser process itself."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        chromium = [one for one in found if one.name() == "chromium"]
        if mark:
            return [one for one in chromium if mark in " ".join(one.cmdline())]
        return [one for one in chromium if "--type=" not in " ".join(one.cmdline())]

    def chunks(self) -> list[AudioChunk]:
        return [entry.record for entry in BotLog(self._settings, self.bot_id).records(AUDIO_FRAMES, AudioChunk)]

    def people(self) -> list[ParticipantEvent]:
        found = BotLog(self._settings, self.bot_id).records(MEETING_PARTICIPANTS, ParticipantEvent)
        return [entry.record for entry in found]

    def events(self) -> list[BotEvent]:
        return [entry.record for entry in BotLog(self._settings, self.bot_id).records(BOT_EVENTS, BotEvent)]

    async def until(self, look: Callable[[], T], wanted: Callable[[T], bool]) -> T:
        """What `look` sees, as soon as it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(found := await asyncio.to_thread(look)):
            assert time.monotonic() < deadline, f"not seen within {PATIENCE_S} s; last: {str(found)[-2000:]}"
            assert self.process.returncode is None, "the bot ended while something was waited for"
            await asyncio.sleep(0.2)
        return found

    async def heard(self, *, streams: int, epoch: int = 0, units: int = 50) -> list[AudioChunk]:
        """All chunks, as soon as so many streams have so much sound in an epoch."""

        def enough(chunks: list[AudioChunk]) -> bool:
            return sum(n >= units for n in sound(chunks, epoch).values()) >= streams

        return await self.until(self.chunks, enough)


def sound(chunks: list[AudioChunk], epoch: int) -> dict[str, int]:
    """Units of sound of each stream in an epoch."""
    found: dict[str, int] = {}
    for chunk in chunks:
        if chunk.epoch == epoch and chunk.kind is ChunkKind.AUDIO:
            found[chunk.stream_id] = found.get(chunk.stream_id, 0) + chunk.units
    return found
