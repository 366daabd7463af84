"""The machine of a stream under random deaths: with a provider that hears only what it is sent, no word is lost, none
comes twice, none comes early, and the cursors have no hole. Each rule that makes it so is broken once.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Word
from schemas.vocabulary import SkipReason
from stream_processors.transcription.stream import replies
from tests.fakes.audio_records import chunks_of
from tests.fakes.scripted_provider import speech
from tests.fakes.stream_life import Rules, StreamLife

PAUSES = (0, 0, 1, 3, 8, 30, 60)
ACTIONS = ("read", "read", "read", "read", "answer", "answer", "acknowledge", "acknowledge", "commit")
FAULTS = ("drop_session", "refuse", "throttle", "expire", "kill", "kill_with_results_out")


@st.composite
def scripts(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Words of 100 to 280 ms and pauses; a pause of 160 ms at least every eighth word, as people breathe."""
    script = [(0, draw(st.integers(0, 80)))]
    for number, (units, pause) in enumerate(
        draw(st.lists(st.tuples(st.integers(5, 14), st.sampled_from(PAUSES)), min_size=1, max_size=60)), start=1
    ):
        script += [(number, units), (0, max(pause, 8) if number % 8 == 0 else pause)]
    return [*script, (0, 5)]


def expected(script: list[tuple[int, int]]) -> list[str]:
    return [f"w{word}" for word, _ in script if word]


def lived(script: list[tuple[int, int]], actions: list[str], rules: Rules = Rules()) -> StreamLife:  # noqa: B008
    life = StreamLife(chunks_of(speech([(word, units) for word, units in script if units])), rules)
    for action in actions:
        getattr(life, action)()
    life.finish()
    return life


@settings(deadline=None)
@given(scripts(), st.lists(st.sampled_from(ACTIONS + FAULTS), max_size=400))
def test_no_word_is_lost_or_doubled_whatever_dies(script: list[tuple[int, int]], actions: list[str]) -> None:
    """Sessions that drop and workers that are killed at any moment change nothing but the time it takes."""
    life = lived(script, actions)
    assert life.words() == expected(script)
    assert life.holes() == []


@settings(deadline=None)
@given(scripts())
def test_without_faults_every_word_has_its_place(script: list[tuple[int, int]]) -> None:
    """Word times are exact, and what was said and what was skipped make up the whole stream."""
    life = lived(script, [])
    places: dict[str, tuple[int, int]] = {}
    at = 0
    for word, units in script:
        places[f"w{word}"] = (at * 960, (at + units) * 960)
        at += units
    finals = [word for result in life.results for word in result.words if word.word_is_final]
    assert {w.text: (w.from_sample, w.to_sample) for w in finals} == {w.text: places[w.text] for w in finals}
    assert [w.text for w in finals] == expected(script)


LONG = [(number, 10) if number % 2 else (0, 8) for number in range(1, 100)]
"""Nearly 18 s without a long pause: it is cut in the middle, so the preroll of what follows holds a word."""


def read_to_the_cut(rules: Rules = Rules()) -> StreamLife:  # noqa: B008
    """A worker is killed after the first half of a long utterance is final."""
    chunks = len(chunks_of(speech(LONG)))
    return lived(LONG, [*["read", "answer", "acknowledge", "commit"] * (chunks - 20), "kill"], rules)


def test_a_kill_after_a_cut_loses_and_doubles_nothing() -> None:
    """The case the negative controls break."""
    life = read_to_the_cut()
    assert life.words() == expected(LONG)
    assert len([r for r in life.results if r.reason == "forced_cut"]) == 1


def test_a_commit_that_holds_nothing_back_loses_words() -> None:
    """Negative control: committing what was read, not what is acknowledged, leaves a gap after a kill."""
    life = read_to_the_cut(Rules(commit_holds_back=False))
    assert len(life.words()) < len(expected(LONG))
    assert life.skipped().get(SkipReason.GAP, 0) > 0


def test_a_cursor_that_is_not_read_back_breaks_the_chain() -> None:
    """Negative control: a new owner that does not know K begins where it reads, and says again what was said."""
    life = read_to_the_cut(Rules(cursor_is_read_back=False))
    assert life.holes()


def test_without_the_midpoint_rule_a_word_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: accepting every word a session says brings the preroll's word again."""

    def everything(words: tuple[Word, ...], from_sample: int, to_sample: int) -> tuple[Word, ...]:
        return words

    monkeypatch.setattr(replies, "within", everything)
    assert len(read_to_the_cut().words()) > len(expected(LONG))
