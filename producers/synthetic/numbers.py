"""Numbers as speech: words that a scripted provider hears exactly, at any sample rate, and any voice detector takes for speech.

A word is a number, spoken for whole 20 ms units: a vowel of FUNDAMENTAL_HZ on top of a constant offset of STEP for each number.
One period of the vowel has no offset of its own, so the mean over a period is the number, wherever the period begins and
after any resampling. A word that was not sent is not heard, one that was sent twice is heard twice. Pure.
"""

import numpy as np
import numpy.typing as npt

from schemas.timebase import SAMPLE_RATE_HZ, SAMPLES_PER_UNIT

FUNDAMENTAL_HZ = 100
STEP = 8
MOST = 3_000
AMPLITUDE = 4_000
FORMANTS_HZ = ((700, 130), (1220, 170), (2600, 250))
HIGHEST_HZ = 3_800


def spoken(number: int, units: int) -> bytes:
    """48 kHz PCM16 of one word, `number` from 1 to MOST, `units` long."""
    assert 0 < number <= MOST, f"{number} cannot be spoken"
    return np.round(VOWEL + number * STEP).astype("<i2").tobytes() * units


def _vowel() -> npt.NDArray[np.float64]:
    """One unit of a vowel: harmonics of the fundamental under the formants' resonances, no mean."""
    time_s = np.arange(SAMPLES_PER_UNIT) / SAMPLE_RATE_HZ
    sound = np.zeros(SAMPLES_PER_UNIT)
    for harmonic in range(1, HIGHEST_HZ // FUNDAMENTAL_HZ + 1):
        frequency_hz = harmonic * FUNDAMENTAL_HZ
        gain = 0.05 + sum(1 / (1 + ((frequency_hz - centre) / width) ** 2) for centre, width in FORMANTS_HZ)
        sound += gain * np.cos(2 * np.pi * frequency_hz * time_s + 0.7 * harmonic**2)
    vowel: npt.NDArray[np.float64] = sound * AMPLITUDE / np.abs(sound).max()
    return vowel


VOWEL = _vowel()
