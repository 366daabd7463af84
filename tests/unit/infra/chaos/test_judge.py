"""The judge of the transcription scenario: it forgives nothing, and says what it found."""

import pytest

from infra.chaos.transcription.judge import clean, judge, with_word_twice, without_word
from infra.chaos.words import WordAccount

ADA, BOB = ("bot_1", "ada"), ("bot_1", "bob")
SAID = {ADA: ["w1", "w2", "w3", "w4"], BOB: ["w1", "w2"]}


def test_what_was_heard_as_it_was_said_is_clean():
    """Every word once and in order, voice by voice: the same numbers of two voices are different words."""
    assert judge(SAID, {ADA: ["w1", "w2", "w3", "w4"], BOB: ["w1", "w2"]}) == WordAccount(said=6)
    assert clean(judge(SAID, SAID))


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        ({ADA: ["w1", "w3", "w4"], BOB: ["w1", "w2"]}, {"lost": 1}),
        ({ADA: ["w1", "w2", "w3", "w4"]}, {"lost": 2}),
        ({ADA: ["w1", "w2", "w2", "w3", "w4", "w2"], BOB: ["w1", "w2"]}, {"doubled": 2}),
        ({ADA: ["w1", "w3", "w2", "w4"], BOB: ["w1", "w2"]}, {"reordered": 1}),
        ({ADA: ["w1", "w2", "w3", "w4", "w9"], BOB: ["w1", "w2"]}, {"invented": 1}),
        ({ADA: ["w1", "w2", "w3", "w4"], BOB: ["w1", "w2"], ("bot_2", "eve"): ["w1"]}, {"invented": 1}),
    ],
)
def test_every_kind_of_fault_is_found(heard, found):
    """Lost, doubled, moved and made-up words are counted, each as what it is."""
    verdict = judge(SAID, heard)
    assert verdict == WordAccount(said=6, **found)
    assert not clean(verdict)


def test_silence_proves_nothing():
    """A run in which nobody spoke does not pass."""
    assert not clean(judge({}, {}))


@pytest.mark.parametrize("number", range(6))
def test_the_controls_break_any_transcript(number: int):
    """Whichever word is removed or repeated, the judge sees exactly that."""
    assert judge(SAID, without_word(SAID, number)) == WordAccount(said=6, lost=1)
    assert judge(SAID, with_word_twice(SAID, number)) == WordAccount(said=6, doubled=1)
