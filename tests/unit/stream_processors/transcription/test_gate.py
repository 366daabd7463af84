"""Where utterances begin and end."""

from schemas.vocabulary import TurnReason
from stream_processors.transcription.gate import Gate, GateEvent, GateSettings, SpeechEnded, SpeechStarted

UNIT = 960
SETTINGS = GateSettings(preroll_ms=300, hangover_ms=500, forced_cut_ms=4_000)


def events(decisions: str, gate: Gate | None = None) -> list[GateEvent]:
    """What the gate says to one letter a unit: s for speech."""
    gate = gate or Gate(SETTINGS, 0)
    return [event for i, letter in enumerate(decisions) for event in gate.unit(i * UNIT, letter == "s")]


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
    [started] = [event for i in range(40, 45) for event in gate.unit(i * UNIT, True)]
    assert started == SpeechStarted(40 * UNIT)
