"""What a commit says is never more than what is settled, and never longer than the broker takes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.webhooks.lanes.backlog import Backlog
from sinks.webhooks.log.commit_note import LIMIT, commit_note, noted_offsets

offset_sets = st.one_of(
    st.sets(st.integers(1, 400)),
    st.sets(st.integers(1, 300_000), max_size=300),
    st.integers(1, 60_000).map(lambda count: set(range(1, 2 * count, 2))),
)


@settings(deadline=None, max_examples=40)
@given(watermark=st.integers(0, 2**40), above=offset_sets)
def test_a_note_gives_back_a_beginning_of_the_offsets_it_was_given(watermark: int, above: set[int]) -> None:
    """All of them as long as they fit; never one that was not settled."""
    offsets = sorted(watermark + offset for offset in above)
    note = commit_note(watermark, offsets)
    found = sorted(noted_offsets(note, watermark))
    assert len(note) <= LIMIT
    assert found == offsets[: len(found)]
    assert found == offsets or max(above) > 4_000


@given(st.text())
def test_a_note_that_is_not_ours_says_nothing(text: str) -> None:
    """Another version's, or somebody's by hand."""
    assert noted_offsets(text, 5) == frozenset() or text.startswith("1:")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.just("pop"), st.just("peek"), st.just("back"), st.integers(0, 9)), max_size=300))
def test_a_backlog_is_a_queue(doings: list[str | int]) -> None:
    """Whatever was taken from its front and put back there."""
    backlog, model = Backlog(), list[int]()
    for number, doing in enumerate(doings):
        if isinstance(doing, int):
            for _ in range(doing * 100):
                backlog.append(number)
                model.append(number)
        elif doing == "back":
            backlog.put_back([number, number + 1])
            model = [number, number + 1, *model]
        elif doing == "peek":
            assert backlog.peek(16) == model[:16]
        elif model:
            assert backlog.first == model[0]
            assert backlog.pop() == model.pop(0)
    assert len(backlog) == len(model)
