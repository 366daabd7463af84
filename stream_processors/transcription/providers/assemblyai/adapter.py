"""SHELL: AssemblyAI's sockets."""

import aiohttp

from stream_processors.transcription.providers.assemblyai.config import API_VERSION, NAME, AssemblyAIConfig, demand
from stream_processors.transcription.providers.assemblyai.failures import AWAY, refusal
from stream_processors.transcription.providers.assemblyai.messages import TERMINATE
from stream_processors.transcription.providers.assemblyai.protocol import AssemblyAIDialogue
from stream_processors.transcription.providers.interface import Capabilities, SessionRequest
from stream_processors.transcription.providers.socket_session import Door, SocketSession


class AssemblyAIProvider:
    """One HTTP client for all sessions."""

    def __init__(self, config: AssemblyAIConfig) -> None:
        self.capabilities: Capabilities = config.capabilities
        self._config = config
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Says what is wrong with the settings; whether the key is good only a session can tell."""
        demand(self._config)
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def open(self, request: SessionRequest) -> SocketSession:
        assert self._http, "open before start"
        headers = {"Authorization": self._config.api_key, "AssemblyAI-Version": API_VERSION}
        door = Door(self._http, NAME, self._config.address, headers, refusal, AWAY)
        dialogue = AssemblyAIDialogue(
            formatted_twice=self._config.formatted_twice,
            min_turn_silence_samples=self._config.min_turn_silence_samples,
        )
        session = SocketSession(door, dialogue, TERMINATE)
        await session.open()
        return session

    async def stop(self) -> None:
        if self._http:
            await self._http.close()
