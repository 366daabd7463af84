"""What Deepgram is set to, and what the caller must know of it."""

from dataclasses import dataclass

from schemas.settings import TranscribeSettings
from schemas.timebase import SAMPLE_RATE_HZ
from stream_processors.transcription.providers.interface import BilledBy, Capabilities
from stream_processors.transcription.providers.service_config import ServiceConfig

PACE = 1.25
# Deepgram names no limit. Its seconds may be single precision floats: within an hour they tell a quarter millisecond.
SESSION_LIMIT_MS = 60 * 60 * 1000
SILENT_AFTER_MS = 5_000
UTTERANCE_END_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepgramConfig(ServiceConfig):
    """What is Deepgram's own: how long a silence ends a sentence."""

    endpointing_ms: int

    @property
    def capabilities(self) -> Capabilities:
        return self.capabilities_of(
            BilledBy.AUDIO_SENT, pace=PACE, session_limit_ms=SESSION_LIMIT_MS, silent_after_ms=SILENT_AFTER_MS
        )

    @property
    def address(self) -> str:
        """URL with the query: our audio as it is, interims, and every signal of an end."""
        return self.address_with(
            {
                "model": self.model,
                "language": self.language,
                "encoding": "linear16",
                "sample_rate": SAMPLE_RATE_HZ,
                "channels": 1,
                "interim_results": "true",
                "smart_format": "true",
                "endpointing": self.endpointing_ms,
                "utterance_end_ms": UTTERANCE_END_MS,
            }
        )

    def demand(self) -> None:
        """Raises UsageError for what can never work."""
        self.demand_key_and_url()


def config_of(settings: TranscribeSettings) -> DeepgramConfig:
    return DeepgramConfig(
        provider="deepgram",
        api_key=settings.deepgram_api_key.get_secret_value(),
        url=settings.deepgram_url,
        model=settings.deepgram_model,
        language=settings.deepgram_language,
        endpointing_ms=settings.deepgram_endpointing_ms,
        price_micros_per_hour=settings.deepgram_price_micros_per_hour,
    )
