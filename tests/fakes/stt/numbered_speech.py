"""Audio that says which word it is, and that a voice detector takes for speech.

A voiced sound whose lowest ten bits, in every sample, hold the number of the word. However it is cut, queued, sent again
or put together, whoever hears it knows exactly which words it holds (`ear.NumberedEar`).
"""

import functools

import numpy as np

from schemas.timebase import SAMPLE_RATE_HZ
from tests.fakes.stt.ear import LARGEST_NUMBER, NUMBER_BITS

PITCH_HZ = 130
HARMONICS = 20
LOUDNESS = 6000
WORD_MS = 300


def number_of(index: int) -> int:
    """The number of the word at `index` of a long speech: they come round again, but never 0."""
    return index % LARGEST_NUMBER + 1


def word(number: int, length_ms: int = WORD_MS) -> bytes:
    """48 kHz PCM16 of the word `number`, 1 to 1023."""
    assert 0 < number <= LARGEST_NUMBER, "a word is numbered 1 to 1023"
    return (_voice(length_ms) + number).astype("<i2").tobytes()


def silence(length_ms: int) -> bytes:
    return bytes(length_ms * SAMPLE_RATE_HZ // 1000 * 2)


@functools.cache
def _voice(length_ms: int) -> np.ndarray:
    """A vowel with its lowest ten bits 0."""
    phase = 2 * np.pi * PITCH_HZ * np.arange(length_ms * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    vowel = sum(np.sin(k * phase) / k for k in range(1, HARMONICS))
    return (np.asarray(vowel) * LOUDNESS).astype(np.int32) >> NUMBER_BITS << NUMBER_BITS
