"""Numbers as speech are heard exactly, whatever is done to them on the way."""

import numpy as np
import pytest
import soxr
import webrtcvad

from producers.synthetic.numbers import MOST, spoken
from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ, SAMPLES_PER_UNIT
from tests.fakes.heard_numbers import numbers

SILENCE = bytes(10 * BYTES_PER_UNIT)


def resampled(pcm: bytes, rate_hz: int) -> bytes:
    if rate_hz == SAMPLE_RATE_HZ:
        return pcm
    stream = soxr.ResampleStream(SAMPLE_RATE_HZ, rate_hz, 1, dtype="int16")
    return stream.resample_chunk(np.frombuffer(pcm, dtype="<i2"), last=True).tobytes()


@pytest.mark.parametrize("rate_hz", [48_000, 16_000, 8_000])
def test_every_word_is_heard_where_it_was_said(rate_hz: int):
    """At every sample rate a provider may want, words come back in order, their edges within a millisecond."""
    script = [(1, 10), (2, 8), (MOST, 12), (7, 20)]
    pcm = SILENCE + b"".join(spoken(*word) for word in script) + SILENCE
    heard = numbers(resampled(pcm, rate_hz), rate_hz)
    assert [word.number for word in heard] == [number for number, _ in script]
    at = 10 * SAMPLES_PER_UNIT
    for word, (_, units) in zip(heard, script, strict=True):
        assert word.from_sample * SAMPLE_RATE_HZ / rate_hz == pytest.approx(at, abs=48)
        at += units * SAMPLES_PER_UNIT
        assert word.to_sample * SAMPLE_RATE_HZ / rate_hz == pytest.approx(at, abs=48)


@pytest.mark.parametrize("cut", [1, 77, 959, 2_345])
def test_audio_may_begin_anywhere(cut: int):
    """A session that begins in the middle of a unit hears the rest of that word and all the others."""
    pcm = spoken(5, 10) + spoken(6, 10)
    heard = numbers(pcm[2 * cut :], SAMPLE_RATE_HZ)
    assert [word.number for word in heard] == [5, 6]
    assert heard[0].from_sample == 0
    assert heard[1].from_sample == pytest.approx(10 * SAMPLES_PER_UNIT - cut, abs=48)


def test_what_is_sent_twice_is_heard_twice_and_what_is_not_sent_is_not_heard():
    """The hearing has no mercy: it is what makes a lost or doubled word visible."""
    assert [w.number for w in numbers(spoken(5, 10) + SILENCE + spoken(5, 10), SAMPLE_RATE_HZ)] == [5, 5]
    assert numbers(SILENCE, SAMPLE_RATE_HZ) == []
    assert numbers(spoken(5, 1), SAMPLE_RATE_HZ) == []
    assert numbers(b"", SAMPLE_RATE_HZ) == []


def test_a_voice_detector_takes_it_for_speech():
    """Real workers hear these words as speech from their first unit, and digital silence as none."""
    detector = webrtcvad.Vad(2)
    pcm = b"".join(spoken(number, 12) for number in range(1, 200))
    units = [pcm[at : at + BYTES_PER_UNIT] for at in range(0, len(pcm), BYTES_PER_UNIT)]
    assert all(detector.is_speech(unit, SAMPLE_RATE_HZ) for unit in units)
