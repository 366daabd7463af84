"""The check that no record is left out: against every way records may come, be left out, repeated and read again."""

from hypothesis import given
from hypothesis import strategies as st

from stream_processors.order import Order, Turn


@given(start=st.integers(0, 50), deliveries=st.lists(st.integers(0, 60), max_size=200))
def test_what_is_applied_has_no_hole_and_no_repeat(start: int, deliveries: list[int]) -> None:
    """Whatever is delivered, what gets applied is start, start + 1, …; nothing twice, nothing left out."""
    order = Order(start)
    applied = []
    for offset in deliveries:
        if order.turn_of(offset) is Turn.NEXT:
            order.done(offset)
            applied.append(offset)
    assert applied == list(range(start, start + len(applied)))


@given(start=st.integers(0, 20), seen=st.integers(0, 10), lost=st.integers(1, 10))
def test_what_was_left_out_is_named_until_it_came(start: int, seen: int, lost: int) -> None:
    """After a hole, the place to read from is the first missing record; once it is applied, nothing is missing."""
    order = Order(start)
    for offset in range(start, start + seen):
        order.done(offset)
    assert order.turn_of(start + seen + lost) is Turn.EARLY
    assert (order.is_missing_records, order.due) == (True, start + seen)
    assert order.turn_of(start + seen) is Turn.NEXT
    order.done(start + seen)
    assert not order.is_missing_records


def test_a_repeated_record_hides_nothing() -> None:
    """What was applied before may come again before what is missing does."""
    order = Order(7)
    assert order.turn_of(8) is Turn.EARLY
    assert order.turn_of(6) is Turn.SEEN
    assert order.is_missing_records


def test_a_record_that_was_not_applied_is_due_again() -> None:
    """A record handed back (its partition was lost meanwhile) is still the next one."""
    order = Order(7)
    assert order.turn_of(7) is Turn.NEXT
    assert order.turn_of(8) is Turn.EARLY
    assert order.turn_of(7) is Turn.NEXT
