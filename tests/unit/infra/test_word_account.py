"""The judge of words: what it calls lost, doubled, reordered and invented."""

import pytest

from infra.chaos.words import WordAccount, account
from schemas.vocabulary import ResultKind
from tests.fakes.logged_words import holes, raw_words, read_words
from tests.fakes.scripted_results import Voice, word

SAID = ["w1", "w2", "w3", "w4"]


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (SAID, WordAccount(said=4)),
        (["w1", "w2", "w4"], WordAccount(said=4, lost=1)),
        (["w1", "w2", "w2", "w3", "w4"], WordAccount(said=4, doubled=1)),
        (["w2", "w1", "w3", "w4"], WordAccount(said=4, reordered=1)),
        (["w1", "w2", "w3", "w4", "w9"], WordAccount(said=4, invented=1)),
        (["w4", "w1", "w2", "w3"], WordAccount(said=4, reordered=1)),
        ([], WordAccount(said=4, lost=4)),
    ],
)
def test_each_fault_is_called_by_its_name(heard: list[str], expected: WordAccount) -> None:
    """One word out of place is one fault, not as many as it jumped over."""
    assert account(SAID, heard) == expected
    assert expected.whole is (heard == SAID)


def test_accounts_of_voices_add_up() -> None:
    """The whole meeting's account is the sum."""
    assert account(SAID, SAID[1:]) + account(SAID, SAID) == WordAccount(said=8, lost=1)


def test_a_reader_drops_what_the_cursor_has_passed() -> None:
    """The same result twice on the log: raw it doubles, read it does not; a jump of the cursor is a hole."""
    voice = Voice()
    first = voice.result(ResultKind.FINAL, (word("w1", 0, 300),), cursor_ms=300)
    second = voice.result(ResultKind.FINAL, (word("w2", 300, 600),), cursor_ms=600)
    late = [first, second, first]
    assert raw_words(late) == ["w1", "w2", "w1"]
    assert read_words(late) == ["w1", "w2"]
    assert holes(late) == []
    assert holes([second]) == [(0, 300 * 48)]
