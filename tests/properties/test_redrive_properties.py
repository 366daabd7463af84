"""Redriving dead letters, killed anywhere and run again as often as you like: each record is back once."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import RawRecord
from sinks.dead_letters.letters import Letter, Origin, put_back_already, to_put_back

ORIGINS = st.lists(st.integers(0, 12), max_size=20)


def letters(origins: list[int]) -> list[Letter]:
    return [
        Letter(number, 0, Origin("t", 0, origin), "s", "c", "e", RawRecord("t.dlq", 0, number, None, b"", ()))
        for number, origin in enumerate(origins)
    ]


@given(ORIGINS, st.lists(st.integers(0, 20), max_size=5))
def test_each_origin_is_back_once_whatever_runs_were_killed(origins: list[int], killed_after: list[int]) -> None:
    """Each run looks at the topic first, puts back what is missing, and may die after any number of records."""
    waiting, topic = letters(origins), list[str]()
    for most in [*killed_after, len(origins)]:
        for letter in to_put_back(waiting, set(topic))[:most]:
            topic.append(str(put_back_already(letter.put_back_headers())))
    assert sorted(topic) == sorted({f"t/0/{origin}" for origin in origins})


@given(ORIGINS)
def test_a_run_that_does_not_look_is_found_out(origins: list[int]) -> None:
    """Negative control: blind runs put everything back again."""
    waiting = letters(origins)
    topic = [str(letter.origin) for _ in range(2) for letter in to_put_back(waiting, set())]
    assert len(topic) == 2 * len(set(origins))
