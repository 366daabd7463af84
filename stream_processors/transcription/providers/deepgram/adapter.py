"""Deepgram as a service on WebSockets."""

from schemas.settings import TranscribeSettings
from stream_processors.transcription.providers.deepgram import config, failures
from stream_processors.transcription.providers.deepgram.messages import CLOSE_STREAM
from stream_processors.transcription.providers.deepgram.protocol import DeepgramDialogue
from stream_processors.transcription.providers.socket_provider import Service, SocketProvider


def deepgram(settings: TranscribeSettings) -> SocketProvider:
    """The provider the settings describe."""
    asked = config.config_of(settings)
    service = Service(
        capabilities=asked.capabilities,
        address=asked.address,
        headers={"Authorization": f"Token {asked.api_key}"},
        demand=asked.demand,
        refusal=failures.refusal,
        remedy=failures.AWAY,
        goodbye=CLOSE_STREAM,
        dialogue=DeepgramDialogue,
    )
    return SocketProvider(service)
