"""Poison on the ClickHouse sink's input: dead-lettered with its bytes, named in a table, and the stream goes on."""

import io
import json
from collections.abc import Callable, Iterator
from functools import partial

import fastavro
import msgspec
import pytest

from infra.local.clickhouse import ClickHouseServer
from schemas.codec import HEADER, MAGIC, without_logical_types
from schemas.events import Record
from schemas.registry import Schema, SchemaRegistryClient, schema_text
from schemas.topics import (
    AUDIO_QUALITY,
    BOT_EVENTS,
    MEETING_PARTICIPANTS,
    STT_SESSIONS,
    TRANSCRIPT_PARTIALS,
    TRANSCRIPT_TURNS,
    WEBHOOK_ATTEMPTS,
    Topic,
)
from schemas.vocabulary import AttemptOutcome, BotState, ParticipantKind, SessionKind
from sinks.clickhouse.mapping.tables import TABLES
from tests.fakes.clickhouse_bench import Bench, Log
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.fresh_name import fresh
from tests.fakes.waiting import until

pytestmark = pytest.mark.integration
GOOD: dict[Topic, Callable[[Meeting], Record]] = {
    TRANSCRIPT_TURNS: lambda meeting: meeting.turn(1),
    TRANSCRIPT_PARTIALS: lambda meeting: meeting.turn(1),
    MEETING_PARTICIPANTS: lambda meeting: meeting.participant(1, ParticipantKind.JOIN),
    BOT_EVENTS: lambda meeting: meeting.step(1, BotState.JOINING),
    STT_SESSIONS: lambda meeting: meeting.session(1, SessionKind.OPENED),
    AUDIO_QUALITY: lambda meeting: meeting.window(1),
    WEBHOOK_ATTEMPTS: lambda meeting: meeting.attempt(1, AttemptOutcome.DELIVERED, 200),
}


@pytest.fixture(scope="module")
def bench(kafka_bootstrap: str, registry_url: str, clickhouse: ClickHouseServer) -> Iterator[Bench]:
    """One sink for all of these tests: what poisons it for one poisons it for all."""
    bench = Bench(Log(kafka_bootstrap, registry_url), clickhouse.host, clickhouse.port, clickhouse.http_port)
    bench.start_sink()
    yield bench
    assert bench.processes[0].running, "the sink lived through it all"
    bench.close()


def rows_of(bench: Bench, topic: Topic, meeting: Meeting) -> int:
    return bench.number(f"SELECT count() FROM {{db}}.{TABLES[topic.name].name} WHERE bot_id = '{meeting.bot_id}'")


def letters_of(bench: Bench, meeting: Meeting) -> list[tuple[object, ...]]:
    """This sink's dead letters of the meeting, as they are in the table."""
    return bench.ask(
        "SELECT origin_topic, error_class, hex(value), headers['tenant_id'] FROM {db}.sink_dead_letters FINAL "
        f"WHERE key = '{meeting.bot_id}' AND tenant_id = '{meeting.tenant_id}' ORDER BY origin_offset"
    )


@pytest.mark.parametrize("topic", GOOD, ids=lambda topic: topic.name)
def test_poison_is_set_aside_and_its_neighbours_arrive(bench: Bench, topic: Topic) -> None:
    """Bad magic byte, unknown schema id, truncated Avro, no value of Avro at all: four letters, two good rows."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    good = bench.log.encode(topic, GOOD[topic](meeting))
    poison = [b"\x07" + good[1:], b"\x00\x7f\xff\xff\xff" + good[5:], good[:-4], b"!"]
    for value in [good, *poison, good]:
        bench.log.post_bytes(topic, meeting.bot_id, value, meeting.tenant_id)
    bench.log.flush()
    until(
        lambda: rows_of(bench, topic, meeting) > 0 and len(letters_of(bench, meeting)) == 4, "letters and rows are in"
    )
    assert letters_of(bench, meeting) == [
        (topic.name, error_class, value.hex().upper(), meeting.tenant_id)
        for error_class, value in zip(("bad_magic", "unknown_schema", "bad_avro", "bad_header"), poison, strict=True)
    ]
    letters = [
        letter for letter in bench.log.dead_letters(topic, meeting.bot_id) if letter[1]["stage"] == b"sink clickhouse"
    ]
    assert [value for value, _ in letters] == poison
    assert all(headers["origin_topic"].decode() == topic.name for _, headers in letters)
    assert all({"origin_partition", "origin_offset", "error", "failed_at", "traceparent"} <= set(h) for _, h in letters)


def test_a_record_that_fits_no_column_is_set_aside_with_its_bytes(bench: Bench) -> None:
    """It decodes, but a value overflows or an id is empty: the same as poison, and no neighbour pays for it."""
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    bad = [
        meeting.turn(2, end_ms=2**40),
        meeting.turn(3, turn_id=""),
        meeting.turn(4, attribution_confidence=float("nan")),
        meeting.turn(5, recording_started_at_us=-1),
        meeting.turn(6, recording_started_at_us=7_300_000_000_000_000),
    ]
    good = [meeting.turn(1), meeting.turn(7, words="x" * 450_000), meeting.turn(8, occurred_at_us=0)]
    bench.log.post((TRANSCRIPT_TURNS, turn) for turn in [good[0], *bad, *good[1:]])
    until(lambda: rows_of(bench, TRANSCRIPT_TURNS, meeting) == len(good), "the good turns are in")
    until(lambda: len(letters_of(bench, meeting)) == len(bad), "the letters are in")
    letters = bench.log.dead_letters(TRANSCRIPT_TURNS, meeting.bot_id)
    assert [value for value, _ in letters] == [bench.log.encode(TRANSCRIPT_TURNS, turn) for turn in bad]
    assert {headers["error_class"] for _, headers in letters} == {b"bad_value"}
    assert [headers["error"].split()[0] for _, headers in letters] == [
        b"end_ms",
        b"turn_id",
        b"attribution_confidence",
        b"recording_started_at_us",
        b"recording_started_at_us",
    ]


def newer_producers_turn(bench: Bench, meeting: Meeting, number: int) -> bytes:
    """A turn whose writer knows a state that this reader does not, under a schema of its own in the registry."""
    newer = json.loads(schema_text(TRANSCRIPT_TURNS.schema))
    [state] = [field for field in newer["fields"] if field["name"] == "reason"]
    state["type"]["symbols"].append("telepathy")
    registry = SchemaRegistryClient({"url": bench.log.registry_url})
    schema_id = registry.register_schema(f"newer-{meeting.bot_id}-value", Schema(json.dumps(newer), "AVRO"))
    registry.close()
    written = io.BytesIO(HEADER.pack(MAGIC, schema_id))
    written.seek(0, io.SEEK_END)
    record = {**msgspec.to_builtins(meeting.turn(number)), "reason": "telepathy"}
    fastavro.schemaless_writer(written, fastavro.parse_schema(without_logical_types(newer)), record)
    return written.getvalue()


def half_a_pair(value: bytes) -> bytes:
    """The same record with half of a surrogate pair in its text, which no UTF-8 has."""
    assert b"psst" in value
    return value.replace(b"psst", b"p\xed\xa0\xbd")


def test_bad_records_in_the_middle_of_a_great_batch_cost_nobody_else(bench: Bench) -> None:
    """Of 200 records read at once the ten that are bad are dead letters, byte for byte; the others are rows, in order.

    Times before 1970 and after 2106, NaN, an empty id, overflow, half a surrogate pair, a cut record; and on the good side a
    clock in 1970, a megabyte, an emoji, quotes, and a value from a newer producer that this reader has no word for.
    """
    meeting = Meeting(fresh("tenant"), fresh("bot"), meeting_id="mtg_'; DROP TABLE turns; --\\'")
    encode = partial(bench.log.encode, TRANSCRIPT_TURNS)
    values = [encode(meeting.turn(number, words=f"word {number}")) for number in range(200)]
    bad = {
        3: encode(meeting.turn(3, recording_started_at_us=7_258_118_400_000_000)),
        17: encode(meeting.turn(17, occurred_at_us=-1)),
        40: encode(meeting.turn(40, attribution_confidence=float("nan"))),
        41: encode(meeting.turn(41, attribution_confidence=float("inf"))),
        77: encode(meeting.turn(77, turn_id="")),
        90: encode(meeting.turn(90, bot_id="")),
        120: encode(meeting.turn(120, start_ms=2**31)),
        121: half_a_pair(encode(meeting.turn(121, words="psst psst"))),
        160: values[160][:-7],
        199: encode(meeting.turn(199, revision=-1)),
    }
    odd = {
        5: encode(meeting.turn(5, occurred_at_us=0)),
        60: encode(meeting.turn(60, words="x" * 480_000)),
        61: encode(meeting.turn(61, words="😀 naïve \u202e \u0000 'quoted' \"too\" \\")),
        62: newer_producers_turn(bench, meeting, 62),
    }
    for number, value in enumerate(values):
        bench.log.post_bytes(TRANSCRIPT_TURNS, meeting.bot_id, {number: value, **bad, **odd}[number], meeting.tenant_id)
    bench.log.flush()
    until(lambda: rows_of(bench, TRANSCRIPT_TURNS, meeting) == 190, "the good turns are in")
    until(lambda: len(letters_of(bench, meeting)) == len(bad), "the letters are in the table")
    letters = bench.log.dead_letters(TRANSCRIPT_TURNS, meeting.bot_id)
    assert [value for value, _ in letters] == list(bad.values())
    numbers = bench.ask(f"SELECT turn_id FROM {{db}}.v_turns WHERE bot_id = '{meeting.bot_id}'")
    assert {str(turn_id) for (turn_id,) in numbers} == {f"turn_{number}" for number in range(200) if number not in bad}
    [(text,)] = bench.ask(f"SELECT text FROM {{db}}.turns WHERE bot_id = '{meeting.bot_id}' AND turn_id = 'turn_61'")
    assert text == "😀 naïve \u202e \u0000 'quoted' \"too\" \\"
    newer = bench.ask(f"SELECT reason FROM {{db}}.turns WHERE bot_id = '{meeting.bot_id}' AND turn_id = 'turn_62'")
    assert newer == [("unknown",)]
