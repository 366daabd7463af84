"""Where utterances begin and end."""

from schemas.vocabulary import TurnReason
from stream_processors.transcription.hearing.gate import (
    LONGEST_DOUBT_MS,
    RECHECK_MS,
    Gate,
    GateEvent,
    GateSettings,
    Hearing,
    SpeechEnded,
    SpeechStarted,
)

UNIT = 960
SETTINGS = GateSettings(preroll_ms=300, hangover_ms=500, forced_cut_ms=4_000)


HEARINGS = {".": Hearing.SILENCE, "s": Hearing.SPEECH, "v": Hearing.VOICE, "n": Hearing.NOISE}


def events(decisions: str, gate: Gate | None = None) -> list[GateEvent]:
    """What the gate says to one letter a unit: s for speech, v for a voice and n for noise as the better one hears it."""
    gate = gate or Gate(SETTINGS, 0)
    return [event for i, letter in enumerate(decisions) for event in gate.unit(i * UNIT, HEARINGS[letter])]


def test_speech_opens_with_its_preroll_and_closes_after_the_hangover() -> None:
    """300 ms before the onset, 500 ms after the last speech."""
    started, ended = events("." * 30 + "s" * 20 + "." * 30)
    assert isinstance(started, SpeechStarted)
    assert started.from_sample <= 30 * UNIT - 300 * 48
    assert ended == SpeechEnded(75 * UNIT, 50 * UNIT, TurnReason.ENDPOINT)


def test_a_click_opens_nothing() -> None:
    """Two units of speech are no speech."""
    assert events("." * 20 + "ss" + "." * 20 + "s" + "." * 20) == []


def test_a_short_pause_closes_nothing() -> None:
    """Less than the hangover belongs to the utterance."""
    assert len(events("s" * 20 + "." * 24 + "s" * 20 + "." * 30)) == 2


def test_a_long_utterance_is_cut_at_its_first_short_pause() -> None:
    """From four fifths of the longest on, 100 ms of pause are enough, and the next utterance begins there."""
    started, ended, again = events("s" * 170 + "." * 5 + "s" * 10)
    assert isinstance(started, SpeechStarted)
    assert ended == SpeechEnded(175 * UNIT, 170 * UNIT, TurnReason.FORCED_CUT)
    assert again == SpeechStarted(175 * UNIT)


def test_without_a_pause_it_is_cut_at_the_longest() -> None:
    """Nobody talks for ever in one utterance."""
    _, ended, _ = events("s" * 210)
    assert ended == SpeechEnded(200 * UNIT, 200 * UNIT, TurnReason.FORCED_CUT)


def test_an_interruption_ends_the_utterance_and_nothing_reaches_back_over_it() -> None:
    """After a gap the preroll begins at the gap's end."""
    gate = Gate(SETTINGS, 0)
    events("s" * 20, gate)
    assert gate.interrupt(20 * UNIT, TurnReason.ENDPOINT) == [SpeechEnded(20 * UNIT, 20 * UNIT, TurnReason.ENDPOINT)]
    gate.resume(40 * UNIT)
    [started] = [event for i in range(40, 45) for event in gate.unit(i * UNIT, Hearing.SPEECH)]
    assert started == SpeechStarted(40 * UNIT)


def test_noise_opens_nothing() -> None:
    """Sound that the better detector denies, for however long."""
    assert events("." * 20 + "n" * 500 + "." * 20 + "nn" + "." * 20) == []


def test_a_voice_confirmed_late_opens_at_its_onset() -> None:
    """The better detector needs a moment: nothing of what was said before it answered is lost."""
    [at_once] = events("." * 30 + "v" * 30)
    [late] = events("." * 30 + "n" * 20 + "v" * 10)
    assert late == at_once


def test_a_voice_in_long_noise_opens_no_earlier_than_the_doubt_lasts() -> None:
    """Of noise before it, a second and the preroll are sent."""
    noise = 200
    [started] = events("n" * noise + "v")
    assert started == SpeechStarted((noise + 1) * UNIT - (LONGEST_DOUBT_MS + 300) * 48)


def test_a_voice_after_noise_and_a_pause_opens_at_its_own_onset() -> None:
    """Noise that has ended is no part of what is said later."""
    [started] = events("n" * 20 + "." * 30 + "v" * 5)
    assert started == SpeechStarted(48 * UNIT - 300 * 48)


def test_noise_does_not_hold_an_utterance_open() -> None:
    """Somebody stops talking and types on: the hangover counts from the last voice."""
    _, ended = events("v" * 20 + "n" * 40)
    assert ended == SpeechEnded(45 * UNIT, 20 * UNIT, TurnReason.ENDPOINT)


def test_the_better_detector_is_asked_while_closed_and_now_and_then() -> None:
    """In doubt until a voice opens the gate, then again after a while, until a voice is heard."""
    gate = Gate(GateSettings(forced_cut_ms=60_000), 0)
    assert gate.in_doubt
    events("v" * 5, gate)
    assert not gate.in_doubt
    units = RECHECK_MS // 20
    for i in range(5, 5 + units):
        gate.unit(i * UNIT, Hearing.SPEECH)
    assert gate.in_doubt
    gate.unit((5 + units) * UNIT, Hearing.VOICE)
    assert not gate.in_doubt
