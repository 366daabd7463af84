"""Whatever a client asks for, the part it gets is inside the content, and pieces asked for one after another make the whole."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.webhooks.content.byte_range import asked_part

sizes = st.integers(0, 1000)
ETAG = '"x"'


@given(st.one_of(st.none(), st.text(), st.from_regex(r"bytes=\d{0,4}-\d{0,4}")), st.none() | st.text(), sizes)
def test_a_part_is_inside_the_content(asked: str | None, if_range: str | None, size: int) -> None:
    """Or it is refused; never an error."""
    part = asked_part(asked, if_range, ETAG, size)
    if part:
        assert 0 <= part.first <= part.end <= size
        assert part.partial or (part.first, part.end) == (0, size)
        assert not part.partial or part.first < part.end


@given(st.integers(1, 1000), st.lists(st.integers(1, 300)))
def test_going_on_where_one_was_gives_the_whole(size: int, lives: list[int]) -> None:
    """However little each connection carried."""
    got = 0
    for life in [*lives, size]:
        part = asked_part(f"bytes={got}-", ETAG, ETAG, size)
        if part is None:
            break
        assert part.first == got
        got = min(part.end, got + life)
    assert got == size


@given(st.text(), sizes)
def test_a_range_of_another_version_is_answered_with_the_whole(if_range: str, size: int) -> None:
    """Two versions are never mixed."""
    if if_range.strip() != ETAG:
        part = asked_part("bytes=1-2", if_range, ETAG, size)
        assert part
        assert (part.first, part.end, part.partial) == (0, size, False)


def test_whole_and_refused() -> None:
    """By example: units we do not know, several ranges and backward ones give the whole; beyond the end nothing."""
    for asked in ("items=0-1", "bytes=0-1,3-4", "bytes=4-2", "bytes=-", "bytes=a-b"):
        part = asked_part(asked, None, ETAG, 10)
        assert part
        assert not part.partial
    assert asked_part("bytes=10-", None, ETAG, 10) is None
    assert asked_part("bytes=-0", None, ETAG, 10) is None
    assert asked_part("bytes=0-", None, ETAG, 0) is None
