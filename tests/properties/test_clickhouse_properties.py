"""Properties of the ClickHouse sink's pure parts: nothing is lost or doubled on the way from offsets to inserts."""

import io
import random

import fastavro
import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.codec import plain_schema
from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.events import Turn
from schemas.topics import TRANSCRIPT_TURNS
from sinks.clickhouse.delivery.batch import Batch, Batches, Entry, Limits, Place
from sinks.clickhouse.delivery.intent import intent_of
from sinks.clickhouse.delivery.readiness import faults_of
from sinks.clickhouse.delivery.retry import STOPPED_DELAYS_MS, Outages
from sinks.clickhouse.mapping.columnar import frame_of, is_columnar
from sinks.clickhouse.mapping.columns import int32, moment, real, text, uint32
from sinks.clickhouse.mapping.frame import Frame
from sinks.clickhouse.mapping.rows import row_of
from sinks.clickhouse.mapping.tables import TURN_REVISIONS, TURNS
from sinks.clickhouse.server.refusal import Refusal
from tests.fakes.clickhouse_meeting import Meeting

PLACES: list[Place] = [("transcript.turns", 0), ("transcript.turns", 1), ("bot.events", 0)]
STEPS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 3), st.floats(0, 40)), max_size=60)


def entry(place: Place, offset: int) -> Entry:
    return Entry(offset, b"x", lambda: RawRecord(*place, offset, None, b"x", ()))


def opened(limits: Limits, metadata: dict[Place, str | None] | None = None) -> Batches:
    batches = Batches(limits)
    batches.open(PLACES)
    for place in PLACES:
        batches.left(place, intent_of((metadata or {}).get(place)))
    return batches


def rest(batches: Batches) -> list[Batch]:
    found: list[Batch] = []
    while more := batches.take_due(0, all_=True):
        found += more
    return found


def run(steps: list[tuple[Place, int, float]], limits: Limits) -> tuple[dict[Place, list[int]], list[Batch]]:
    """Offsets given for each place, with holes as compaction leaves them, and the batches that came of them."""
    batches, offered, taken, now_ms = opened(limits), {place: [0] for place in PLACES}, [], 0.0
    for place, stride, wait_ms in steps:
        now_ms += wait_ms
        offset = offered[place][-1] + stride
        offered[place].append(offset)
        batches.add(place, entry(place, offset), now_ms)
        while due := batches.take_due(now_ms):
            taken += due
        deadline_ms = batches.deadline_ms()
        assert deadline_ms is None or deadline_ms > now_ms
    return {place: offsets[1:] for place, offsets in offered.items()}, [*taken, *rest(batches)]


@given(STEPS, st.integers(1, 5), st.integers(1, 20))
def test_every_offset_is_in_exactly_one_batch_in_order(
    steps: list[tuple[Place, int, float]], rows: int, heavy: int
) -> None:
    """Whatever the limits: per partition the batches follow each other and commit exactly what they hold."""
    offered, batches = run(steps, Limits(rows=rows, age_ms=50, bytes=heavy))
    for place in PLACES:
        mine = [batch for batch in batches if batch.place == place]
        assert [each.offset for batch in mine for each in batch.entries] == offered[place]
        for batch in mine:
            held = [each.offset for each in batch.entries]
            assert len(held) <= min(rows, heavy)
            assert (held[0], held[-1], len(held)) == (
                batch.intent.first_offset,
                batch.intent.last_offset,
                batch.intent.records,
            )
            assert batch.next_offset == held[-1] + 1


@given(STEPS, st.integers(1, 5))
def test_no_two_batches_share_a_token(steps: list[tuple[Place, int, float]], rows: int) -> None:
    """Another range is another token: ClickHouse never takes new rows for old ones."""
    _, batches = run(steps, Limits(rows=rows, age_ms=50))
    tokens = [batch.token("g", "t", batch.intent.first_offset, batch.intent.last_offset) for batch in batches]
    assert len(tokens) == len(set(tokens))


@given(STEPS, st.integers(1, 5), st.integers(1, 9), st.data())
def test_a_batch_is_made_again_from_its_intent_whatever_the_limits_are_by_then(
    steps: list[tuple[Place, int, float]], rows: int, other_rows: int, data: st.DataObject
) -> None:
    """A death after any intent: the next process, with other limits, makes the same batch first, then the rest."""
    offered, batches = run(steps, Limits(rows=rows, age_ms=50))
    if not batches:
        return
    died_in = data.draw(st.sampled_from(batches))
    place = died_in.place
    again = opened(Limits(rows=other_rows, age_ms=0), {place: died_in.intent.metadata()})
    made: list[Batch] = []
    for offset in [each for each in offered[place] if each >= died_in.intent.first_offset]:
        again.add(place, entry(place, offset), 0)
        made += again.take_due(0, all_=data.draw(st.booleans()))
    made += rest(again)
    assert [each.offset for each in made[0].entries] == [each.offset for each in died_in.entries]
    assert made[0].token("g", "t", 0, 1) == died_in.token("g", "t", 0, 1)
    assert (made[0].intended, any(batch.intended for batch in made[1:])) == (True, False)
    assert [each.offset for batch in made for each in batch.entries] == [
        each for each in offered[place] if each >= died_in.intent.first_offset
    ]


@given(st.data())
def test_a_record_offered_again_is_not_batched_again(data: st.DataObject) -> None:
    """The same offset twice, or an earlier one, leaves the batch as it is."""
    batches = opened(Limits(rows=100, age_ms=50))
    for offset in data.draw(st.lists(st.integers(0, 20), min_size=1)):
        batches.add(PLACES[0], entry(PLACES[0], offset), 0)
    [batch] = rest(batches)
    held = [each.offset for each in batch.entries]
    assert held == sorted(set(held))


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


SCHEMA = plain_schema(TRANSCRIPT_TURNS)
PARSED = fastavro.parse_schema(plain_schema(TRANSCRIPT_TURNS))
LONGS = st.integers(-(2**63), 2**63 - 1)
TURN_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "revision": st.integers(-3, 2**31 - 1),
        "epoch": st.integers(-1, 3),
        "start_ms": LONGS | st.integers(-5, 5),
        "seq_from": LONGS,
        "recording_started_at_us": LONGS | st.integers(0, 2**52),
        "attribution_confidence": st.floats(width=32),
        "turn_id": st.text(max_size=3),
        "participant_id": st.none() | st.text(max_size=3),
        "speaker_label": st.none() | st.text(max_size=3),
        "words": st.text(st.sampled_from("ab 😀é "), max_size=12),
        "overlaps": st.lists(st.text(max_size=2), max_size=3).map(tuple),
    },
)


def body(turn: Turn) -> bytes:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, PARSED, msgspec.to_builtins(turn))
    return written.getvalue()


def read_back(value: bytes) -> Turn | None:
    """The turn as the codec reads it; None for poison."""
    stream = io.BytesIO(value)
    try:
        turn = msgspec.convert(fastavro.schemaless_reader(stream, PARSED, PARSED), Turn)
    except (EOFError, ValueError, IndexError, KeyError, TypeError):
        return None
    return None if stream.read(1) else turn


def one_by_one(values: list[bytes]) -> list[list[object]] | None:
    """The columns that `rows` makes of each record; None when one of them becomes no row."""
    try:
        turns = [read_back(value) for value in values]
        rows = [row_of(TRANSCRIPT_TURNS.name, turn, partition=0, offset=0).values for turn in turns if turn]
    except InvalidRecord:
        return None
    return [list(column) for column in zip(*rows, strict=True)][:-2] if len(rows) == len(values) else None


def at_once(values: list[bytes], mark: int) -> list[list[object]] | None:
    """The columns of the frame that is made of all records at once; None when there is none."""
    rows = frame_of(TURNS, SCHEMA, values, mark)
    return None if rows is None else [list(column) for column in Frame("turns", rows, ()).block().columns]


@settings(deadline=None)
@given(st.lists(TURN_CHANGES, min_size=1, max_size=5), st.integers(1, 2**61))
@example([{"words": ""}], 1)
def test_all_at_once_gives_what_one_by_one_gives(changes: list[dict[str, object]], mark: int) -> None:
    """Exactly the same columns, and none exactly when one of the records fits no row."""
    values = [body(Meeting("t", "b").turn(number, **change)) for number, change in enumerate(changes)]  # type: ignore[arg-type]
    assert at_once(values, mark) == one_by_one(values)


@settings(deadline=None)
@given(st.lists(TURN_CHANGES, min_size=2, max_size=4), st.data())
def test_no_record_that_is_cut_or_stretched_is_read_as_something_else(
    changes: list[dict[str, object]], data: st.DataObject
) -> None:
    """Bytes taken from one record and given to its neighbour do not pass for either."""
    values = [body(Meeting("t", "b").turn(number, **change)) for number, change in enumerate(changes)]  # type: ignore[arg-type]
    which, bytes_moved = data.draw(st.integers(0, len(values) - 2)), data.draw(st.integers(1, 20))
    values[which], moved = values[which][:-bytes_moved], values[which][-bytes_moved:]
    if data.draw(st.booleans()):
        values[which + 1] = moved + values[which + 1]
    mark = data.draw(st.integers(2**40, 2**61))
    assert at_once(values, mark) is None


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_poison_among_records_never_passes_for_a_row_of_ours(chance: random.Random) -> None:
    """Whatever is done to the bytes: what is read at once is what is read one by one, where the bytes are Avro's own.

    The columnar reader takes some bytes that no encoder writes, such as a boolean of 7.
    """
    values = [bytearray(body(Meeting("t", "b").turn(number))) for number in range(3)]
    victim = chance.choice(values)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(victim) + 1)
        chance.choice(
            [
                lambda at=at: victim.__delitem__(slice(at, None)),  # type: ignore[misc]
                lambda at=at: victim.__setitem__(slice(at, at), chance.randbytes(3)),  # type: ignore[misc]
                lambda at=at: victim.__setitem__(slice(at, at + 1), chance.randbytes(1)),  # type: ignore[misc]
            ]
        )()
    found = at_once([bytes(value) for value in values], chance.randint(2**40, 2**61))
    again = read_back(bytes(victim))
    if found is not None and again is not None and body(again) == bytes(victim):
        assert found == one_by_one([bytes(value) for value in values])


def test_the_tables_with_most_rows_are_columnar() -> None:
    """A column that can only be read record by record would cost these tables most of their speed."""
    assert is_columnar(TURNS)
    assert is_columnar(TURN_REVISIONS)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["turns", "bot_events"]), st.sampled_from([*Refusal, None]), st.floats(0, 40_000)),
    max_size=20,
)


@given(EVENTS)
def test_whatever_refused_is_asked_again_and_stops_nobody_else(
    happened: list[tuple[str, Refusal | None, float]],
) -> None:
    """No outage outlasts its longest delay, and only an unknown outcome holds the tables that refused nothing."""
    outages, now_ms = Outages(), 0.0
    last = {"turns": -1e9, "bot_events": -1e9, "server": -1e9}
    for table, refusal, wait_ms in happened:
        now_ms += wait_ms
        if refusal is None:
            outages.after_success(table)
            last[table] = last["server"] = -1e9
        else:
            outages.after_failure(table, refusal, now_ms, "why")
            last["server" if refusal is Refusal.UNKNOWN else table] = now_ms
        for each in ("turns", "bot_events"):
            if last[each] < 0 and last["server"] < 0:
                assert outages.may_try(each, now_ms)
            assert outages.may_try(each, max(last[each], last["server"], now_ms) + max(STOPPED_DELAYS_MS))
        assert (outages.retry_at_ms() is None) == all(each < 0 for each in last.values())
        assert set(outages.stopped()) <= {"turns", "bot_events"}
        assert len(faults_of(outages, now_ms)) <= 3
