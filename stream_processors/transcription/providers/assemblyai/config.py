"""What AssemblyAI is set to, and what the caller must know of it."""

import json
from dataclasses import dataclass

from schemas.errors import UsageError
from schemas.settings import TranscribeSettings
from schemas.timebase import SAMPLE_RATE_HZ, ms_to_samples
from stream_processors.transcription.providers.interface import BilledBy, Capabilities
from stream_processors.transcription.providers.service_config import ServiceConfig

API_VERSION = "2025-05-12"
PACE = 1.0
SESSION_LIMIT_MS = 3 * 60 * 60 * 1000
# longer than our own gate waits, so that a turn is ended by us, or by silence we were not asked about
MIN_TURN_SILENCE_MS = 1000
MAX_TURN_SILENCE_MS = 1500
ENGLISH = "universal-streaming-english"
MULTILINGUAL = "multi"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyAIConfig(ServiceConfig):
    """What is AssemblyAI's own hangs on the model: which languages it knows, and how often it formats a turn."""

    @property
    def capabilities(self) -> Capabilities:
        return self.capabilities_of(BilledBy.SESSION_OPEN, pace=PACE, session_limit_ms=SESSION_LIMIT_MS)

    @property
    def formatted_twice(self) -> bool:
        """Whether a turn's end comes raw first, and formatted after it: the other models format at once."""
        return self.model.startswith("universal-streaming")

    @property
    def min_turn_silence_samples(self) -> int:
        return ms_to_samples(MIN_TURN_SILENCE_MS)

    @property
    def address(self) -> str:
        """URL with the query: our audio as it is, turns with punctuation and case."""
        query: dict[str, str | int] = {
            "sample_rate": SAMPLE_RATE_HZ,
            "encoding": "pcm_s16le",
            "speech_model": self.model,
            "format_turns": "true",
            "min_turn_silence": MIN_TURN_SILENCE_MS,
            "max_turn_silence": MAX_TURN_SILENCE_MS,
        }
        if self.model != ENGLISH:
            hint = {"language_detection": "true"} if self.language == MULTILINGUAL else {}
            query |= hint or {"language_codes": json.dumps([self.language])}
        return self.address_with(query)

    def demand(self) -> None:
        """Raises UsageError for what can never work."""
        self.demand_key_and_url()
        if self.model == ENGLISH and self.language.partition("-")[0] != "en":
            raise UsageError(
                f"EARSHOT_ASSEMBLYAI_LANGUAGE is {self.language}, but {ENGLISH} only knows English",
                remedy="EARSHOT_ASSEMBLYAI_MODEL=universal-streaming-multilingual",
            )


def config_of(settings: TranscribeSettings) -> AssemblyAIConfig:
    return AssemblyAIConfig(
        provider="assemblyai",
        api_key=settings.assemblyai_api_key.get_secret_value(),
        url=settings.assemblyai_url,
        model=settings.assemblyai_model,
        language=settings.assemblyai_language,
        price_micros_per_hour=settings.assemblyai_price_micros_per_hour,
    )
