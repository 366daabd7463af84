"""What a session costs, by what its provider counts."""

from schemas.timebase import samples_to_ms
from stream_processors.transcription.providers.interface import BilledBy, Price

HOUR_MS = 3_600_000


def billed_ms(price: Price, sent_samples: int, open_ms: float) -> int:
    """Milliseconds on the bill: of audio sent, or of an open session."""
    if price.by is BilledBy.AUDIO_SENT:
        return samples_to_ms(sent_samples)
    return int(open_ms) if price.by is BilledBy.SESSION_OPEN else 0


def cost_micros(price: Price, billed: int) -> int:
    """Millionths of the currency of the price, to the nearest one."""
    return (billed * price.micros_per_hour + HOUR_MS // 2) // HOUR_MS
