"""Speech or not, for each 20 ms unit, by WebRTC's voice activity detector. It keeps a state: one for each stream."""

import webrtcvad

from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ

AGGRESSIVENESS = 2


class Vad:
    """The detector of one stream and epoch."""

    def __init__(self) -> None:
        self._detector = webrtcvad.Vad(AGGRESSIVENESS)

    def speech(self, pcm: bytes) -> list[bool]:
        """Yes or no for each unit of 48 kHz PCM16."""
        units = range(0, len(pcm), BYTES_PER_UNIT)
        return [self._detector.is_speech(pcm[at : at + BYTES_PER_UNIT], SAMPLE_RATE_HZ) for at in units]
