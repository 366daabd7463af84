"""SHELL: a provider that is a service on WebSockets. A room only says what is its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp

from stream_processors.transcription.providers.dialogue import Dialogue
from stream_processors.transcription.providers.interface import Capabilities, ProviderError, SessionRequest
from stream_processors.transcription.providers.socket_session import Door, SocketSession


@dataclass(frozen=True, slots=True)
class Service:
    """One vendor's service as the settings have it.

    `demand` raises UsageError for settings that can never work. `refusal` says what an HTTP status instead of a socket
    means, `remedy` what to do when there is no answer, `goodbye` is the last message of a session.
    """

    capabilities: Capabilities
    address: str
    headers: Mapping[str, str]
    demand: Callable[[], None]
    refusal: Callable[[int, Mapping[str, str]], ProviderError]
    remedy: str
    goodbye: str
    dialogue: Callable[[], Dialogue]


class SocketProvider:
    """One HTTP client for all sessions."""

    def __init__(self, service: Service) -> None:
        self.capabilities: Capabilities = service.capabilities
        self._service = service
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Says what is wrong with the settings; whether the key is good only a session can tell."""
        self._service.demand()
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def open(self, request: SessionRequest) -> SocketSession:
        assert self._http, "open before start"
        service = self._service
        name = self.capabilities.provider
        door = Door(self._http, name, service.address, service.headers, service.refusal, service.remedy)
        session = SocketSession(door, service.dialogue(), service.goodbye)
        await session.open()
        return session

    async def stop(self) -> None:
        if self._http:
            await self._http.close()
