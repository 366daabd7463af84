"""Every provider by the name it has in EARSHOT_PROVIDER. A new one is a room beside this file and a line here."""

from collections.abc import Callable

from schemas.errors import UsageError
from schemas.settings import TranscribeSettings
from stream_processors.transcription.providers.assemblyai.adapter import assemblyai
from stream_processors.transcription.providers.deepgram.adapter import deepgram
from stream_processors.transcription.providers.interface import Provider
from stream_processors.transcription.providers.local.adapter import LocalProvider
from stream_processors.transcription.providers.local.config import LocalConfig
from stream_processors.transcription.providers.none.adapter import NoProvider

PROVIDERS: dict[str, Callable[[TranscribeSettings], Provider]] = {
    "local": lambda settings: LocalProvider(LocalConfig(settings.decoders, settings.decoders_give_way)),
    "deepgram": deepgram,
    "assemblyai": assemblyai,
    "none": lambda _: NoProvider(),
}


def make_providers(settings: TranscribeSettings) -> dict[str, Provider]:
    """Every provider the settings name, the primary first; raises UsageError for a name nobody has."""
    for name in settings.providers:
        if name not in PROVIDERS:
            setting = "EARSHOT_PROVIDER" if name == settings.provider else "EARSHOT_PROVIDER_FALLBACKS"
            said = "is" if name == settings.provider else "names"
            raise UsageError(f"{setting} {said} {name}, which is no provider", remedy=f"one of: {', '.join(PROVIDERS)}")
    return {name: PROVIDERS[name](settings) for name in settings.providers}
