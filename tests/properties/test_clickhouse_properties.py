"""Properties of the ClickHouse sink's pure parts: nothing is lost or doubled on the way from offsets to inserts."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidRecord
from schemas.topics import TRANSCRIPT_TURNS
from sinks.clickhouse.batch import Batch, Batches, Limits, Place
from sinks.clickhouse.columns import int32, moment, real, text, uint32
from sinks.clickhouse.rows import Row, row_of
from tests.fakes.clickhouse_meeting import Meeting

PLACES: list[Place] = [("transcript.turns", 0), ("transcript.turns", 1), ("bot.events", 0)]
STEPS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 3), st.floats(0, 40)), max_size=60)


def run(steps: list[tuple[Place, int, float]], limits: Limits) -> tuple[dict[Place, list[int]], list[Batch]]:
    """Offsets given for each place, with holes as compaction leaves them, and the batches that came of them."""
    batches, given_, taken, now_ms = Batches(limits), {place: [0] for place in PLACES}, [], 0.0
    for place, stride, wait_ms in steps:
        now_ms += wait_ms
        offset = given_[place][-1] + stride
        given_[place].append(offset)
        batches.add(place, offset, Row("turns", (place, offset)), size_bytes=1, now_ms=now_ms)
        taken += batches.take_due(now_ms)
        deadline_ms = batches.deadline_ms()
        assert deadline_ms is None or deadline_ms > now_ms
    return {place: offsets[1:] for place, offsets in given_.items()}, [*taken, *batches.take_all()]


@given(STEPS, st.integers(1, 5), st.integers(1, 20))
def test_every_offset_is_in_exactly_one_batch_in_order(
    steps: list[tuple[Place, int, float]], rows: int, held: int
) -> None:
    """Whatever the limits: per partition the batches follow each other and commit exactly what they hold."""
    offered, batches = run(steps, Limits(rows=rows, age_ms=50, held_bytes=held))
    for place in PLACES:
        mine = [batch for batch in batches if batch.place == place]
        offsets = [offset for batch in mine for row in batch.rows for offset in row.values[1:]]
        assert offsets == offered[place]
        for batch in mine:
            assert len(batch.rows) <= rows
            held_offsets = [row.values[1] for row in batch.rows]
            assert (held_offsets[0], held_offsets[-1] + 1) == (batch.first_offset, batch.next_offset)  # type: ignore[operator]


@given(STEPS, st.integers(1, 5))
def test_no_two_inserts_share_a_token(steps: list[tuple[Place, int, float]], rows: int) -> None:
    """Another range is another token: ClickHouse never takes new rows for old ones."""
    _, batches = run(steps, Limits(rows=rows, age_ms=50))
    tokens = [insert.token for batch in batches for insert in batch.inserts("group")]
    assert len(tokens) == len(set(tokens))


@given(st.data())
def test_a_row_offered_again_is_not_batched_again(data: st.DataObject) -> None:
    """The same offset twice, or an earlier one, leaves the batch as it is."""
    offsets = data.draw(st.lists(st.integers(0, 20), min_size=1))
    batches = Batches(Limits(rows=100, age_ms=50))
    for offset in offsets:
        batches.add(PLACES[0], offset, Row("turns", (offset,)), size_bytes=1, now_ms=0)
    [batch] = batches.take_all()
    held = [row.values[0] for row in batch.rows]
    assert held == sorted(set(held))  # type: ignore[type-var]


@given(
    revision=st.integers(),
    start_ms=st.integers(),
    confidence=st.floats(),
    started=st.integers(),
    said=st.text(st.characters(codec=None), max_size=5),
)
def test_a_record_becomes_a_row_or_is_refused_never_in_between(
    revision: int, start_ms: int, confidence: float, started: int, said: str
) -> None:
    """row_of raises InvalidRecord exactly when one of the values fits no column."""
    turn = Meeting("t", "b").turn(
        1,
        revision,
        start_ms=start_ms,
        attribution_confidence=confidence,
        recording_started_at_us=started,
        text=said,
    )
    parts = ((uint32, revision), (int32, start_ms), (real, confidence), (moment, started), (text, said))
    assert fits(turn_row(turn)) == all(fits(lambda e=encode, v=value: e("f", v)) for encode, value in parts)  # type: ignore[misc]


def turn_row(turn: object):  # type: ignore[no-untyped-def]
    return lambda: row_of(TRANSCRIPT_TURNS.name, turn, partition=0, offset=0)  # type: ignore[arg-type]


def fits(encode) -> bool:  # type: ignore[no-untyped-def]
    try:
        encode()
    except InvalidRecord:
        return False
    return True
