"""Batches: what is written together, when, under which token, and how a batch is made again."""

from collections.abc import Iterable

from schemas.dead_letter import RawRecord
from sinks.clickhouse.delivery.batch import Batch, Batches, Entry, Limits, Place
from sinks.clickhouse.delivery.intent import Intent, intent_of
from sinks.clickhouse.mapping.tables import MAPPER_VERSION

PLACE: Place = ("transcript.turns", 3)
OTHER: Place = ("bot.events", 0)


def entry(offset: int, place: Place = PLACE, value: bytes = b"x") -> Entry:
    return Entry(offset, value, lambda: RawRecord(*place, offset, None, value, ()))


def opened(limits: Limits, *places: Place, intent: Intent | None = None) -> Batches:
    batches = Batches(limits)
    batches.open(places or (PLACE, OTHER))
    for place in batches.unknown:
        batches.left(place, intent)
    return batches


def add(batches: Batches, offsets: Iterable[int], place: Place = PLACE, now_ms: float = 0) -> None:
    for offset in offsets:
        batches.add(place, entry(offset, place), now_ms)


def offsets(batch: Batch) -> list[int]:
    return [each.offset for each in batch.entries]


def test_a_batch_is_due_when_it_is_full() -> None:
    """The last row of a batch cuts it, whatever its age; what follows waits for the next, other partitions for theirs."""
    batches = opened(Limits(rows=2, age_ms=1000))
    add(batches, [5])
    add(batches, [0], OTHER)
    assert batches.take_due(1) == []
    add(batches, [6, 7], now_ms=1)
    [batch] = batches.take_due(1)
    assert (batch.place, offsets(batch), batch.next_offset, batch.intended) == (PLACE, [5, 6], 7, False)
    assert batches.take_due(1) == []


def test_a_batch_is_due_when_it_is_old() -> None:
    """Age counts from the first record, and the deadline is the oldest batch's."""
    batches = opened(Limits(rows=100, age_ms=1000))
    assert batches.deadline_ms() is None
    add(batches, [5], now_ms=10)
    add(batches, [5], OTHER, now_ms=500)
    assert batches.deadline_ms() == 1010
    assert batches.take_due(1009) == []
    assert [batch.place for batch in batches.take_due(1010)] == [PLACE]
    assert batches.deadline_ms() == 1500


def test_a_batch_is_due_when_it_is_heavy_and_is_never_empty() -> None:
    """A record heavier than the limit makes a batch of its own."""
    batches = opened(Limits(rows=100, age_ms=1000, bytes=10))
    for offset, size in enumerate((4, 5, 30, 1)):
        batches.add(PLACE, entry(offset, value=b"x" * size), 0)
    cut = [offsets(batch) for _ in range(3) for batch in batches.take_due(0)]
    assert cut == [[0, 1], [2]]
    assert batches.full() == set()


def test_a_partition_with_a_batch_under_way_gives_no_other() -> None:
    """One batch of a partition at a time; when enough waits behind it, no more is to be read."""
    batches = opened(Limits(rows=2, age_ms=0))
    add(batches, [5, 6, 7])
    [first] = batches.take_due(0)
    assert batches.take_due(0, busy=[PLACE]) == []
    assert batches.deadline_ms(busy=[PLACE]) is None
    add(batches, [8])
    assert batches.full() == {PLACE}
    [second] = batches.take_due(0)
    assert (offsets(first), offsets(second)) == ([5, 6], [7, 8])


def test_a_token_names_group_table_topic_partition_range_and_mapper() -> None:
    """The same batch has the same token whenever it is tried, and every part of it one of its own."""
    batches = opened(Limits(rows=100, age_ms=0))
    add(batches, [5, 6, 8])
    [batch] = batches.take_due(0)
    assert batch.token("group", "turns", 5, 8) == f"group:turns:transcript.turns:3:5-8:m{MAPPER_VERSION}"
    others = {batch.token("g", table, *span) for table in ("turns", "x") for span in ((5, 8), (5, 6), (8, 8))}
    assert len(others) == 6


def test_nothing_is_cut_before_it_is_known_what_was_left() -> None:
    """A new partition's records wait until the commit's metadata is read."""
    batches = Batches(Limits(rows=1, age_ms=0))
    batches.open([PLACE])
    add(batches, [5])
    assert (batches.unknown, batches.take_due(99)) == ([PLACE], [])
    batches.left(PLACE, None)
    assert [offsets(batch) for batch in batches.take_due(99)] == [[5]]


def test_a_batch_that_was_left_is_made_again_exactly() -> None:
    """Neither rows nor age nor a stop cuts it otherwise, and its token has the mapper of its first try."""
    intent = Intent(first_offset=5, last_offset=8, records=4, mapper_version=0)
    batches = opened(Limits(rows=2, age_ms=0), PLACE, intent=intent)
    add(batches, [5, 6, 7])
    assert batches.take_due(99, all_=True) == []
    assert batches.full() == set()
    assert batches.deadline_ms() is None
    add(batches, [8, 9, 10])
    [again] = batches.take_due(99)
    assert (offsets(again), again.intent, again.intended) == ([5, 6, 7, 8], intent, True)
    assert again.token("g", "turns", 5, 8).endswith(":5-8:m0")
    [after] = batches.take_due(99)
    assert (offsets(after), after.intended) == ([9, 10], False)


def test_what_retention_took_of_a_left_batch_is_no_reason_to_wait() -> None:
    """The rest goes under the same token; of a batch that is gone altogether nothing is left to do."""
    intent = Intent(first_offset=5, last_offset=8, records=4, mapper_version=1)
    batches = opened(Limits(rows=2, age_ms=0), PLACE, intent=intent)
    add(batches, [7, 10])
    assert [offsets(batch) for batch in batches.take_due(0)] == [[7]]
    for begin in (2, 9):
        batches = opened(Limits(rows=2, age_ms=0), PLACE, intent=intent)
        add(batches, [begin, begin + 1])
        cut = [batch for _ in range(2) for batch in batches.take_due(0)]
        assert [(offsets(batch), batch.intended) for batch in cut] == [([begin, begin + 1], False)]


def test_a_lost_partition_takes_its_records_along() -> None:
    """What is another's now is not written here; opened again, it starts from what is read then."""
    batches = opened(Limits(rows=100, age_ms=0))
    add(batches, [5])
    add(batches, [5], OTHER)
    batches.forget([PLACE])
    add(batches, [6])
    assert [batch.place for batch in batches.take_due(0)] == [OTHER]
    batches.open([PLACE])
    batches.left(PLACE, None)
    add(batches, [4])
    assert [offsets(batch) for batch in batches.take_due(0)] == [[4]]


def test_an_intent_is_read_back_from_a_commits_metadata() -> None:
    """Its text is small; no text, another's text and a range that is none are no intent."""
    intent = Intent(first_offset=2**62, last_offset=2**63 - 1, records=50_000, mapper_version=12)
    assert intent_of(intent.metadata()) == intent
    assert len(intent.metadata()) < 100
    for metadata in (None, "", "hello", "{}", "[1]", '{"min":5,"max":4,"n":1,"mapper":1}', '{"min":"5"}', "\ud83d"):
        assert intent_of(metadata) is None
