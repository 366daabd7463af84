"""Batches: what is written together, when, and under which token."""

from sinks.clickhouse.batch import Batches, Limits
from sinks.clickhouse.retry import DELAYS_MS, NONE
from sinks.clickhouse.rows import Row

PLACE = ("transcript.turns", 3)
OTHER = ("bot.events", 0)


def row(number: int, table: str = "turns") -> Row:
    return Row(table, (number,))


def test_a_batch_is_due_when_it_is_full() -> None:
    """The last row of a batch closes it, whatever its age; other partitions stay open."""
    batches = Batches(Limits(rows=2, age_ms=1000))
    batches.add(PLACE, 5, row(5), size_bytes=1, now_ms=0)
    batches.add(OTHER, 0, row(0), size_bytes=1, now_ms=0)
    assert batches.take_due(1) == []
    batches.add(PLACE, 6, row(6), size_bytes=1, now_ms=1)
    [batch] = batches.take_due(1)
    assert (batch.place, batch.first_offset, batch.last_offset, batch.next_offset) == (PLACE, 5, 6, 7)


def test_a_batch_is_due_when_it_is_old() -> None:
    """Age counts from the first row, and the deadline is the oldest batch's."""
    batches = Batches(Limits(rows=100, age_ms=1000))
    assert batches.deadline_ms() is None
    batches.add(PLACE, 5, row(5), size_bytes=1, now_ms=10)
    batches.add(OTHER, 5, row(5), size_bytes=1, now_ms=500)
    assert batches.deadline_ms() == 1010
    assert batches.take_due(1009) == []
    assert [batch.place for batch in batches.take_due(1010)] == [PLACE]
    assert batches.deadline_ms() == 1500


def test_all_batches_are_due_when_together_they_hold_too_much() -> None:
    """Memory is bounded over all partitions."""
    batches = Batches(Limits(rows=100, age_ms=1000, held_bytes=10))
    batches.add(PLACE, 1, row(1), size_bytes=5, now_ms=0)
    assert batches.take_due(0) == []
    batches.add(OTHER, 1, row(1), size_bytes=5, now_ms=0)
    assert len(batches.take_due(0)) == 2


def test_a_token_names_group_table_range_count_and_mapper() -> None:
    """One insert for each table; the same batch has the same tokens whenever it is tried."""
    batches = Batches(Limits(rows=100, age_ms=0))
    for offset, table in ((5, "turns"), (6, "sink_dead_letters"), (8, "turns")):
        batches.add(PLACE, offset, row(offset, table), size_bytes=1, now_ms=0)
    [batch] = batches.take_all()
    turns, letters = batch.inserts("group")
    assert turns.token == "group:turns:transcript.turns:3:5-8:2:m1"
    assert letters.token == "group:sink_dead_letters:transcript.turns:3:5-8:1:m1"
    assert (turns.rows, letters.rows) == (((5,), (8,)), ((6,),))
    assert batch.inserts("group") == (turns, letters)


def test_a_lost_partition_takes_its_rows_along() -> None:
    """What is another's now is not written here; read again from an earlier offset, it starts a new batch."""
    batches = Batches(Limits(rows=100, age_ms=0))
    batches.add(PLACE, 5, row(5), size_bytes=1, now_ms=0)
    batches.add(OTHER, 5, row(5), size_bytes=1, now_ms=0)
    batches.forget([PLACE])
    batches.add(PLACE, 4, row(4), size_bytes=1, now_ms=0)
    assert {batch.place: batch.first_offset for batch in batches.take_all()} == {OTHER: 5, PLACE: 4}


def test_each_failure_waits_longer_up_to_the_last_delay() -> None:
    """The table of delays is the policy; the outage ends by starting from NONE again."""
    outage, waits = NONE, []
    assert outage.may_try(0)
    for _ in range(len(DELAYS_MS) + 2):
        outage = outage.after_failure(100)
        assert not outage.may_try(outage.retry_at_ms - 1)
        assert outage.may_try(outage.retry_at_ms)
        waits.append(outage.retry_at_ms - 100)
    assert waits == [*DELAYS_MS, DELAYS_MS[-1], DELAYS_MS[-1]]
