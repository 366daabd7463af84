"""The gate, whatever is heard and wherever media time breaks off: utterances tile, and no speech lies outside of one."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.vocabulary import TurnReason
from stream_processors.transcription.hearing.gate import (
    LONGEST_DOUBT_MS,
    ONSET_UNITS,
    Gate,
    GateEvent,
    GateSettings,
    Hearing,
    SpeechStarted,
)

UNIT = 960
SETTINGS = GateSettings(preroll_ms=300, hangover_ms=500, forced_cut_ms=4_000)
FORCED_CUT, HANGOVER, PREROLL, DOUBT = (ms * 48 for ms in (4_000, 500, 300, LONGEST_DOUBT_MS))
CHEAP = st.tuples(st.sampled_from([Hearing.SILENCE, Hearing.SPEECH]), st.integers(1, 250))
BOTH = st.tuples(st.sampled_from([Hearing.SILENCE, Hearing.NOISE, Hearing.VOICE]), st.integers(1, 80))
BREAK = st.tuples(st.none(), st.integers(0, 40))
Runs = list[tuple[Hearing | None, int]]
CHEAP_RUNS = st.lists(st.one_of(CHEAP, CHEAP, CHEAP, BREAK), max_size=40)
ALL_RUNS = st.lists(st.one_of(BOTH, BOTH, BOTH, CHEAP, BREAK), max_size=40)
QUIET = st.tuples(st.sampled_from([Hearing.SILENCE, Hearing.NOISE]), st.integers(1, 80))
QUIET_RUNS = st.lists(st.one_of(QUIET, QUIET, BREAK), max_size=40)


@dataclass
class Heard:
    """What a gate made of `runs`; a run of None is media time that breaks off. Checks what holds at every step."""

    runs: Runs
    gate: Gate = field(default_factory=lambda: Gate(SETTINGS, 0))
    utterances: list[tuple[int, int]] = field(default_factory=list)
    units: dict[int, Hearing] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    _opened: int | None = None

    def __post_init__(self) -> None:
        at = 0
        for heard, units in self.runs:
            if heard is None:
                self.breaks.append(at)
                self._take(self.gate.interrupt(at * UNIT, TurnReason.ENDPOINT), at * UNIT)
                at += units
                self.gate.resume(at * UNIT)
                continue
            for _ in range(units):
                self.units[at] = heard
                decided = self.gate.decided_to
                self._take(self.gate.unit(at * UNIT, heard), decided)
                at += 1
                assert self.gate.decided_to >= decided or self._opened is not None
        if self._opened is not None:
            assert at * UNIT - self._opened <= FORCED_CUT
            self.utterances.append((self._opened, at * UNIT))

    def _take(self, events: list[GateEvent], decided: int) -> None:
        for event in events:
            if isinstance(event, SpeechStarted):
                last = self.utterances[-1][1] if self.utterances else 0
                assert self._opened is None
                assert event.from_sample >= last
                assert event.from_sample >= decided or event.from_sample == last
                self._opened = event.from_sample
            else:
                assert self._opened is not None
                assert self._opened <= event.to_sample <= self._opened + FORCED_CUT
                assert event.last_speech_sample <= event.to_sample
                self.utterances.append((self._opened, event.to_sample))
                self._opened = None

    def holds(self, unit: int) -> bool:
        return any(start <= unit * UNIT and (unit + 1) * UNIT <= end for start, end in self.utterances)


def voiced(runs: Runs, kind: Hearing) -> list[int]:
    """Units of every run long enough to be speech."""
    found: list[int] = []
    at = 0
    for heard, units in runs:
        if heard is kind and units >= ONSET_UNITS:
            found += range(at, at + units)
        at += units
    return found


def assert_speech_is_held(runs: Runs) -> None:
    heard = Heard(runs)
    assert all(heard.holds(unit) for unit in voiced(runs, Hearing.SPEECH))


def assert_nothing_opens(runs: Runs) -> None:
    assert Heard(runs).utterances == []


def assert_utterances_are_bounded(runs: Runs) -> None:
    heard = Heard(runs)
    ends = {end for _, end in heard.utterances}
    speech = [unit for unit, what in heard.units.items() if what in (Hearing.SPEECH, Hearing.VOICE)]
    for start, end in heard.utterances:
        assert all(unit in heard.units for unit in range(start // UNIT, end // UNIT))
        inside = [unit for unit in speech if start <= unit * UNIT < end]
        assert inside or start in ends
        assert start in ends or inside[0] * UNIT - start <= PREROLL + DOUBT + HANGOVER


def opened_by_any_sound(gate: Gate) -> list[GateEvent]:
    gate._opened_at = gate._now
    return [SpeechStarted(gate._now)] if gate._last_sound == gate._now else []


@given(CHEAP_RUNS)
def test_no_speech_lies_outside_an_utterance(runs: Runs) -> None:
    """One detector alone: every run of its speech that is long enough is in an utterance, whole."""
    assert_speech_is_held(runs)


@given(ALL_RUNS)
def test_no_voice_lies_outside_an_utterance(runs: Runs) -> None:
    """Two detectors: every run that one calls sound and the other a voice is in an utterance, whole."""
    heard = Heard(runs)
    assert all(heard.holds(unit) for unit in voiced(runs, Hearing.VOICE))


@given(ALL_RUNS, st.integers(0, 45))
def test_a_voice_heard_late_is_still_whole(runs: Runs, late: int) -> None:
    """A run that the better detector denies at first and then calls a voice is in an utterance from its first unit."""
    heard = Heard([*runs, (None, 1), (Hearing.NOISE, ONSET_UNITS + late), (Hearing.VOICE, ONSET_UNITS)])
    first = sum(units for _, units in runs) + 1
    assert all(heard.holds(unit) for unit in range(first, first + 2 * ONSET_UNITS + late))


@given(QUIET_RUNS)
def test_without_a_voice_nothing_opens(runs: Runs) -> None:
    """Noise of any length and rhythm."""
    assert_nothing_opens(runs)


@given(ALL_RUNS)
def test_an_utterance_is_bounded_by_what_was_heard(runs: Runs) -> None:
    """It reaches back over preroll and doubt at most, holds speech or begins at a cut, and never spans a break."""
    assert_utterances_are_bounded(runs)


Broken = tuple[str, object, st.SearchStrategy[Runs], Callable[[Runs], None]]
BROKEN: dict[str, Broken] = {
    "begins where it opens": ("_begin", lambda gate, earliest: gate._now, CHEAP_RUNS, assert_speech_is_held),
    "reaches back over a break": ("resume", lambda gate, at: None, ALL_RUNS, assert_utterances_are_bounded),
    "never cuts": ("_too_long", lambda gate, length: False, CHEAP_RUNS, assert_speech_is_held),
    "takes noise for speech": ("_while_closed", opened_by_any_sound, QUIET_RUNS, assert_nothing_opens),
}


@pytest.mark.parametrize("rule", BROKEN, ids=str)
def test_each_rule_matters(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a gate that breaks one rule is found out."""
    name, instead, runs, check = BROKEN[rule]
    monkeypatch.setattr(Gate, name, instead)
    search = settings(
        phases=[Phase.generate], derandomize=True, database=None, max_examples=500, report_multiple_bugs=False
    )
    with pytest.raises(AssertionError):
        search(given(runs)(check))()
