"""AssemblyAI as a service on WebSockets."""

from schemas.settings import TranscribeSettings
from stream_processors.transcription.providers.assemblyai import config, failures
from stream_processors.transcription.providers.assemblyai.messages import TERMINATE
from stream_processors.transcription.providers.assemblyai.protocol import AssemblyAIDialogue
from stream_processors.transcription.providers.socket_provider import Service, SocketProvider


def assemblyai(settings: TranscribeSettings) -> SocketProvider:
    """The provider the settings describe."""
    asked = config.config_of(settings)
    service = Service(
        capabilities=asked.capabilities,
        address=asked.address,
        headers={"Authorization": asked.api_key, "AssemblyAI-Version": config.API_VERSION},
        demand=asked.demand,
        refusal=failures.refusal,
        remedy=failures.AWAY,
        goodbye=TERMINATE,
        dialogue=lambda: AssemblyAIDialogue(
            formatted_twice=asked.formatted_twice, min_turn_silence_samples=asked.min_turn_silence_samples
        ),
    )
    return SocketProvider(service)
