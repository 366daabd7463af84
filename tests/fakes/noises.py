"""Sounds that are no speech, made from a seed: a keyboard, a tune, a steady hum. 48 kHz PCM16, whole units."""

import numpy as np

from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ

TUNE_HZ = (261.6, 329.6, 392.0, 523.3, 440.0, 349.2)


def keyboard(seconds: int, seed: int = 1) -> bytes:
    """Somebody types: short bursts of noise that die away, four to sixteen a second."""
    draw = np.random.default_rng(seed)
    sound = draw.normal(0, 20, seconds * SAMPLE_RATE_HZ)
    at = 0
    while at < len(sound) - 1200:
        length = int(draw.integers(240, 1200))
        click = draw.normal(0, 1, length) * np.exp(-np.arange(length) / (length / 5))
        sound[at : at + length] += click * draw.uniform(2_000, 9_000)
        at += int(draw.uniform(0.06, 0.25) * SAMPLE_RATE_HZ)
    return _pcm(sound)


def tune(seconds: int, seed: int = 1) -> bytes:
    """A plucked instrument: two notes a second with five harmonics each."""
    draw = np.random.default_rng(seed)
    sound = np.zeros(seconds * SAMPLE_RATE_HZ)
    for at in range(0, len(sound), SAMPLE_RATE_HZ // 2):
        time = np.arange(min(SAMPLE_RATE_HZ, len(sound) - at)) / SAMPLE_RATE_HZ
        note = float(draw.choice(TUNE_HZ))
        for harmonic in range(1, 6):
            wave = np.sin(2 * np.pi * note * harmonic * time) * np.exp(-3 * time)
            sound[at : at + len(time)] += wave * 3_000 / harmonic
    return _pcm(sound)


def fan(seconds: int, seed: int = 1) -> bytes:
    """Noise whose power falls with frequency, as of air."""
    draw = np.random.default_rng(seed)
    spectrum = np.fft.rfft(draw.normal(0, 1, seconds * SAMPLE_RATE_HZ))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20 * seconds))
    sound = np.fft.irfft(spectrum)
    return _pcm(sound / np.abs(sound).max() * 3_000)


def mixed(one: bytes, other: bytes) -> bytes:
    """Both at once, as long as the longer one."""
    size = max(len(one), len(other))
    both = [np.frombuffer(pcm + bytes(size - len(pcm)), dtype="<i2").astype(np.int32) for pcm in (one, other)]
    return _pcm(both[0] + both[1])


def _pcm(sound: np.ndarray) -> bytes:
    pcm = np.clip(sound, -32_768, 32_767).astype("<i2").tobytes()
    return pcm + bytes(-len(pcm) % BYTES_PER_UNIT)
