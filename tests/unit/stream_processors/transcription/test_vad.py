"""What opens a session and what does not: real detectors on speech, on noises, and on both."""

from collections.abc import Callable

import pytest

from schemas.errors import UsageError
from schemas.timebase import BYTES_PER_UNIT, SAMPLE_RATE_HZ, SAMPLES_PER_UNIT, UNITS_PER_CHUNK
from stream_processors.transcription.hearing import silero
from stream_processors.transcription.hearing.gate import (
    RECHECK_MS,
    Gate,
    GateEvent,
    GateSettings,
    Hearing,
    SpeechEnded,
    SpeechStarted,
)
from stream_processors.transcription.hearing.vad import Confirmer, Vad
from tests.fakes.audio_records import spoken
from tests.fakes.noises import fan, keyboard, mixed, tune

CHUNK = BYTES_PER_UNIT * UNITS_PER_CHUNK
SAID = "we still need to decide who will present the numbers to the board"
NOISES = {"keyboard": keyboard, "tune": tune, "fan": fan}
SECOND = SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def make() -> Callable[[], Confirmer]:
    """Silero, which the development setup installs."""
    made = silero.confirmer("silero")
    assert made
    return made


class Counting:
    """A confirmer that counts the seconds it was given."""

    def __init__(self, inner: Confirmer) -> None:
        self._inner = inner
        self.seconds = 0.0

    def voice(self, pcm_16k: bytes) -> bool:
        self.seconds += len(pcm_16k) / 32_000
        return self._inner.voice(pcm_16k)

    def forget(self) -> None:
        self._inner.forget()


def listened(pcm: bytes, confirmer: Confirmer | None = None) -> list[GateEvent]:
    """What the gate says of `pcm`, chunk by chunk as in a pipeline."""
    vad, gate = Vad(confirmer), Gate(GateSettings(), 0)
    events: list[GateEvent] = []
    for at in range(0, len(pcm), CHUNK):
        for i, heard in enumerate(vad.hear(pcm[at : at + CHUNK], in_doubt=gate.in_doubt)):
            events += gate.unit(at // 2 + i * SAMPLES_PER_UNIT, heard)
    return events


def utterances(events: list[GateEvent]) -> list[tuple[int, int]]:
    starts = [event.from_sample for event in events if isinstance(event, SpeechStarted)]
    ends = [event.to_sample for event in events if isinstance(event, SpeechEnded)]
    return list(zip(starts, ends, strict=True))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_noise_opens_no_session(noise: str, seed: int, make: Callable[[], Confirmer]) -> None:
    """Typing, a tune and a fan are not speech for Silero, however long they last."""
    assert listened(NOISES[noise](20, seed), make()) == []


@pytest.mark.parametrize("noise", ["keyboard", "tune"])
def test_webrtc_alone_takes_noise_for_speech(noise: str) -> None:
    """Negative control: this is what Silero is for."""
    assert listened(NOISES[noise](5)) != []


def test_speech_opens_as_early_as_without_silero(make: Callable[[], Confirmer]) -> None:
    """The confirmed utterances hold all that WebRTC's do, from the same sample on."""
    pcm = spoken(SAID, tail_ms=2_000)
    [(cheap_from, cheap_to)] = utterances(listened(pcm))
    [(from_sample, to_sample)] = utterances(listened(pcm, make()))
    assert from_sample == cheap_from
    assert to_sample >= cheap_to


def test_speech_over_noise_opens(make: Callable[[], Confirmer]) -> None:
    """A voice over a running keyboard is heard, and the session closes when only the keyboard goes on."""
    lead_ms, speech_ms = 6_000, len(spoken(SAID, lead_ms=0, tail_ms=0)) // 96
    pcm = mixed(keyboard(30), spoken(SAID, lead_ms=lead_ms))
    found = utterances(listened(pcm, make()))
    assert found[0][0] <= lead_ms * 48
    assert found[-1][1] >= (lead_ms + speech_ms) * 48 - SECOND // 2
    assert found[-1][1] <= (lead_ms + speech_ms + RECHECK_MS + 1_000) * 48


def test_webrtc_alone_never_closes_over_noise() -> None:
    """Negative control: without Silero the keyboard holds the session open to the end."""
    pcm = mixed(keyboard(20), spoken(SAID))
    vad, gate = Vad(), Gate(GateSettings(), 0)
    for at in range(0, len(pcm), CHUNK):
        for i, heard in enumerate(vad.hear(pcm[at : at + CHUNK], in_doubt=True)):
            gate.unit(at // 2 + i * SAMPLES_PER_UNIT, heard)
    assert gate.open


def test_a_steady_talker_is_seldom_asked_about(make: Callable[[], Confirmer]) -> None:
    """Silero hears at most a tenth of what somebody says who does not stop."""
    sentence = spoken(SAID, lead_ms=0, tail_ms=0)
    confirmer = Counting(make())
    listened(sentence * 8, confirmer)
    assert confirmer.seconds < len(sentence) * 8 / 96_000 / 10


def test_silence_is_never_asked_about(make: Callable[[], Confirmer]) -> None:
    """Nothing to hear: nobody is asked."""
    confirmer = Counting(make())
    assert listened(bytes(CHUNK * 100), confirmer) == []
    assert confirmer.seconds == 0


def test_what_was_not_asked_about_is_forgotten(make: Callable[[], Confirmer]) -> None:
    """Asked anew, the confirmer begins with what was just before: a voice is heard in the first piece of it."""
    pcm = spoken(SAID, lead_ms=0)
    vad = Vad(make())
    vad.hear(keyboard(1)[:CHUNK], in_doubt=True)
    vad.hear(pcm[CHUNK * 2 : CHUNK * 5], in_doubt=False)
    assert Hearing.VOICE in vad.hear(pcm[CHUNK * 5 : CHUNK * 6], in_doubt=True)


def test_without_silero_a_demand_for_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` falls back to WebRTC alone; `silero` says what is missing and how to get it."""
    monkeypatch.setattr(silero, "PACKAGE", "no_such_package_here")
    assert silero.confirmer("auto") is None
    assert silero.confirmer("webrtc") is None
    with pytest.raises(UsageError) as refused:
        silero.confirmer("silero")
    assert "EARSHOT_VAD" in refused.value.message
    assert "earshot[silero]" in refused.value.remedy
