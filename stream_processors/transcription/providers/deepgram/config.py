"""What Deepgram is set to, and what the caller must know of it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from schemas.settings import TranscribeSettings
from schemas.timebase import SAMPLE_RATE_HZ
from stream_processors.transcription.providers.interface import BilledBy, Capabilities, Price
from stream_processors.transcription.providers.service_settings import demand_key_and_url

NAME = "deepgram"
PACE = 1.25
# Deepgram names no limit. Its seconds may be single precision floats: within an hour they tell a quarter millisecond.
SESSION_LIMIT_MS = 60 * 60 * 1000
FINAL_TIMEOUT_MS = 15_000
SILENT_AFTER_MS = 5_000
STUCK_AFTER_MS = 5_000
UTTERANCE_END_MS = 1000


@dataclass(frozen=True, slots=True)
class DeepgramConfig:
    """From the settings of the same names, EARSHOT_DEEPGRAM_…"""

    api_key: str
    url: str
    model: str
    language: str
    endpointing_ms: int
    price_micros_per_hour: int

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            provider=NAME,
            model=self.model,
            language=self.language,
            final_timeout_ms=FINAL_TIMEOUT_MS,
            pace=PACE,
            session_limit_ms=SESSION_LIMIT_MS,
            price=Price(BilledBy.AUDIO_SENT, self.price_micros_per_hour),
            silent_after_ms=SILENT_AFTER_MS,
            stuck_after_ms=STUCK_AFTER_MS,
        )

    @property
    def address(self) -> str:
        """URL with the query: our audio as it is, interims, and every signal of an end."""
        query = {
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
        return f"{self.url}?{urlencode(query)}"


def config_of(settings: TranscribeSettings) -> DeepgramConfig:
    return DeepgramConfig(
        api_key=settings.deepgram_api_key.get_secret_value(),
        url=settings.deepgram_url,
        model=settings.deepgram_model,
        language=settings.deepgram_language,
        endpointing_ms=settings.deepgram_endpointing_ms,
        price_micros_per_hour=settings.deepgram_price_micros_per_hour,
    )


def demand(config: DeepgramConfig) -> None:
    """Raises UsageError for what can never work."""
    demand_key_and_url(NAME, config.api_key, config.url)
