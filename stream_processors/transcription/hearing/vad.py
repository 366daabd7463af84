"""What each 20 ms unit is: WebRTC's voice activity detector hears them all, a confirmer those that are in doubt.

WebRTC's detector looks at what lies below 4 kHz and costs fifteen times as much at 48 kHz as at 8 kHz, so it gets means
of six samples; what that lets through from above changed no decision about speech that was looked at.
"""

from collections import deque
from typing import Protocol

import numpy as np
import webrtcvad

from schemas.timebase import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ, SAMPLES_PER_UNIT
from stream_processors.transcription.hearing.gate import Hearing

AGGRESSIVENESS = 2
WEBRTC_RATE_HZ = 8_000
CONFIRMER_RATE_HZ = 16_000
WEBRTC_BYTES_PER_UNIT = SAMPLES_PER_UNIT * WEBRTC_RATE_HZ // SAMPLE_RATE_HZ * BYTES_PER_SAMPLE
LEAD_PIECES = 3
LISTENS_ON_PIECES = 10
MEANS = {
    rate_hz: np.full(SAMPLE_RATE_HZ // rate_hz, rate_hz / SAMPLE_RATE_HZ, dtype=np.float32)
    for rate_hz in (WEBRTC_RATE_HZ, CONFIRMER_RATE_HZ)
}


class Confirmer(Protocol):
    """A better detector of one stream, asked now and then. It may keep a state from one piece to the next."""

    def voice(self, pcm_16k: bytes) -> bool:
        """Whether there is a voice in these samples, which follow on those before unless `forget` was called."""
        ...

    def forget(self) -> None:
        """What comes next does not follow on what came before."""
        ...


class Vad:
    """The detectors of one stream and epoch; they keep a state. A piece is what one call brings, 100 ms as a rule."""

    def __init__(self, confirmer: Confirmer | None = None) -> None:
        self._detector = webrtcvad.Vad(AGGRESSIVENESS)
        self._confirmer = confirmer
        self._lead: deque[bytes] = deque(maxlen=LEAD_PIECES)
        self._silent_pieces = LISTENS_ON_PIECES

    def hear(self, pcm: bytes, *, in_doubt: bool) -> list[Hearing]:
        """What each unit of 48 kHz PCM16 is; `in_doubt` sends sound to the confirmer, if there is one."""
        low = at(WEBRTC_RATE_HZ, pcm)
        starts = range(0, len(low), WEBRTC_BYTES_PER_UNIT)
        sound = [self._detector.is_speech(low[i : i + WEBRTC_BYTES_PER_UNIT], WEBRTC_RATE_HZ) for i in starts]
        if self._confirmer is None:
            return [Hearing.SPEECH if each else Hearing.SILENCE for each in sound]
        speech = self._confirmed(self._confirmer, pcm, any(sound)) if in_doubt else self._not_asked()
        self._lead.append(pcm)
        return [speech if each else Hearing.SILENCE for each in sound]

    def _not_asked(self) -> Hearing:
        self._silent_pieces = LISTENS_ON_PIECES
        return Hearing.SPEECH

    def _confirmed(self, confirmer: Confirmer, pcm: bytes, sound: bool) -> Hearing:
        """Asked anew, it gets what was before too: from nothing it takes a stroke of a piano for a voice."""
        listens = self._silent_pieces < LISTENS_ON_PIECES
        self._silent_pieces = 0 if sound else self._silent_pieces + 1
        if not sound and not listens:
            return Hearing.NOISE
        if not listens:
            confirmer.forget()
            confirmer.voice(at(CONFIRMER_RATE_HZ, b"".join(self._lead)))
        return Hearing.VOICE if confirmer.voice(at(CONFIRMER_RATE_HZ, pcm)) else Hearing.NOISE


def at(rate_hz: int, pcm: bytes) -> bytes:
    """48 kHz PCM16 at a lower rate, each sample the mean of those it stands for."""
    mean = MEANS[rate_hz]
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32).reshape(-1, len(mean))
    return (samples @ mean).astype("<i2").tobytes()
