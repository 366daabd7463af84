"""Properties of the demo's score over any words."""

from hypothesis import given
from hypothesis import strategies as st

from infra.demo.score import compare, words_missing

WORDS = st.lists(st.sampled_from(["tree", "house", "bird", "book", "door"]), max_size=12)


@given(said=WORDS, heard=WORDS)
def test_the_counts_explain_the_length_of_what_was_heard(said: list[str], heard: list[str]) -> None:
    """Said minus deleted plus inserted is heard, for any words."""
    counts = compare(" ".join(said), " ".join(heard))
    assert counts.reference == len(said)
    assert counts.reference - counts.deleted + counts.inserted == len(heard)


@given(words=WORDS, before=WORDS, after=WORDS)
def test_a_stretch_of_a_script_misses_nothing(words: list[str], before: list[str], after: list[str]) -> None:
    """Words that stand in the script in this order fit without an edit."""
    assert words_missing(words, [*before, *words, *after]) == 0


@given(words=WORDS, script=WORDS)
def test_words_foreign_to_the_script_are_all_missing(words: list[str], script: list[str]) -> None:
    """The worst case is an edit a word, never more."""
    assert words_missing([f"x{word}" for word in words], script) == len(words)
    assert words_missing(words, script) <= len(words)
