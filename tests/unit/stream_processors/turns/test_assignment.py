"""The partitions of an assignment: each in its own order, and none of another's."""

from stream_processors.turns.group.assignment import Assignment

PARTITION = ("stt.results", 3)
OTHER = ("stt.results", 4)


def test_each_partition_has_its_own_order() -> None:
    """A hole in one is named for that one, until its record is applied."""
    assigned = Assignment({PARTITION: 7, OTHER: 0})
    assert not assigned.is_next(PARTITION, 9)
    assert assigned.is_next(OTHER, 0)
    assert assigned.missing() == {PARTITION: 7}
    assert assigned.is_next(PARTITION, 7)
    assigned.done(PARTITION, 7)
    assert assigned.missing() == {}
    assert assigned.is_next(PARTITION, 8)


def test_partitions_of_others_are_not_applied() -> None:
    """What still arrives from a partition that is not in the assignment is somebody else's, and finished elsewhere."""
    assigned = Assignment({OTHER: 0})
    assert not assigned.is_next(PARTITION, 0)
    assigned.done(PARTITION, 0)
    assert not assigned.is_next(PARTITION, 1)
    assert assigned.missing() == {}


def test_what_is_due_is_known_of_partitions_where_nothing_came() -> None:
    """Of the last records of a partition no later one tells that they were left out."""
    assignment = Assignment({("a", 0): 5, ("a", 1): 7})
    assignment.done(("a", 0), 5)
    assert assignment.due() == {("a", 0): 6, ("a", 1): 7}
    assert assignment.missing() == {}
