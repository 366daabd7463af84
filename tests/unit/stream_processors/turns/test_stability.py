"""How steady partial words are: what counts as shown, and what as changed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Word
from stream_processors.turns.transcript.stability import Stability, compared
from tests.fakes.scripted_results import said


def revision(text: str) -> tuple[Word, ...]:
    """Words one after the other; those in brackets are not final."""
    return tuple(
        word for i, each in enumerate(text.split()) for word in said(each.strip("[]"), i * 200, final=each[0] != "[")
    )


def over(*revisions: str) -> Stability:
    steps = [revision(each) for each in ("", *revisions)]
    return sum((compared(one, other) for one, other in itertools.pairwise(steps)), Stability())


@pytest.mark.parametrize(
    ("revisions", "shown", "changed"),
    [
        (("[so]", "[so] [we]", "so we"), 2, 0),
        (("[so] [see]", "[so] [we]", "so we"), 3, 1),
        (("[ship]", "Ship,"), 1, 0),
        (("[hm]", ""), 1, 1),
        (("[a] [b]", "a"), 2, 1),
        (("straight final",), 0, 0),
        (("[a] [b]", "[x] [a] [b]"), 5, 2),
        (("[hello]", "[jello]", "[hello]", "hello"), 3, 2),
    ],
)
def test_shown_and_changed(revisions: tuple[str, ...], shown: int, changed: int) -> None:
    """Each word shown before it is final counts once a change of it; capitals and punctuation are none."""
    assert over(*revisions) == Stability(shown, changed)


def test_ratio() -> None:
    """Changed by shown; nothing shown is steady."""
    assert Stability(4, 1).unstable_ratio == 0.25
    assert Stability().unstable_ratio == 0.0


WORDS = st.lists(st.sampled_from(["a", "b", "[a]", "[b]", "[c]"]), max_size=5).map(" ".join)


@given(st.lists(WORDS, max_size=8))
def test_no_more_changes_than_words_shown(revisions: list[str]) -> None:
    """Whatever is shown in whatever order, the ratio lies between 0 and 1."""
    total = over(*revisions)
    assert 0 <= total.changed <= total.shown
    assert 0.0 <= total.unstable_ratio <= 1.0


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=8))
def test_a_provider_that_never_changes_its_mind_is_steady(words: list[str]) -> None:
    """Growing partials whose words become final as they were: nothing changed."""
    growing = [" ".join(f"[{word}]" for word in words[: i + 1]) for i in range(len(words))]
    assert over(*growing, " ".join(words)) == Stability(len(words), 0)
