"""SHELL: Deepgram's sockets."""

import aiohttp

from stream_processors.transcription.providers.deepgram.config import NAME, DeepgramConfig, demand
from stream_processors.transcription.providers.deepgram.failures import AWAY, refusal
from stream_processors.transcription.providers.deepgram.messages import CLOSE_STREAM
from stream_processors.transcription.providers.deepgram.protocol import DeepgramDialogue
from stream_processors.transcription.providers.interface import Capabilities, SessionRequest
from stream_processors.transcription.providers.socket_session import Door, SocketSession


class DeepgramProvider:
    """One HTTP client for all sessions."""

    def __init__(self, config: DeepgramConfig) -> None:
        self.capabilities: Capabilities = config.capabilities
        self._config = config
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Says what is wrong with the settings; whether the key is good only a session can tell."""
        demand(self._config)
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def open(self, request: SessionRequest) -> SocketSession:
        assert self._http, "open before start"
        headers = {"Authorization": f"Token {self._config.api_key}"}
        door = Door(self._http, NAME, self._config.address, headers, refusal, AWAY)
        session = SocketSession(door, DeepgramDialogue(), CLOSE_STREAM)
        await session.open()
        return session

    async def stop(self) -> None:
        if self._http:
            await self._http.close()
