"""Every provider that is a service elsewhere, on its fake: what the conformance suite runs against."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from schemas.settings import TranscribeSettings
from stream_processors.transcription.providers.interface import Provider
from stream_processors.transcription.providers.registry import make_providers
from tests.fakes.stt.assemblyai import AssemblyAI
from tests.fakes.stt.deepgram import Deepgram
from tests.fakes.stt.server import FakeServer, Vendor

FAKES: dict[str, Callable[[], Vendor]] = {"assemblyai": AssemblyAI, "deepgram": Deepgram}
KEY = "a-key"


@dataclass(frozen=True)
class Service:
    """A provider and the fake behind it. `prefix` is what its settings begin with."""

    name: str
    server: FakeServer
    provider: Provider

    @property
    def prefix(self) -> str:
        return f"EARSHOT_{self.name.upper()}_"


def settings_on(name: str, server: FakeServer, **changes: object) -> TranscribeSettings:
    """Settings of the provider `name`; `changes` by their names without the provider's."""
    own = {"url": server.url, "api_key": KEY} | changes
    return TranscribeSettings(provider=name, **{f"{name}_{setting}": value for setting, value in own.items()})


@asynccontextmanager
async def service(name: str, **knobs: object) -> AsyncIterator[Service]:
    """The provider, started, and its fake with these knobs turned."""
    server = FakeServer(FAKES[name]())
    server.turn(**knobs)
    await server.start()
    provider = make_providers(settings_on(name, server))[name]
    await provider.start()
    try:
        yield Service(name, server, provider)
    finally:
        await provider.stop()
        await server.stop()
