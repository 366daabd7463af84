"""Records to rows: which table, which values, and what a dead letter keeps."""

import msgspec
import pytest

from schemas.dead_letter import RawRecord
from schemas.errors import InvalidRecord
from schemas.topics import BOT_EVENTS, RECORD_TOPICS, TRANSCRIPT_TURNS
from schemas.vocabulary import BotState
from sinks.clickhouse.mapping.rows import Row, dead_row, row_of
from sinks.clickhouse.mapping.tables import COLUMN_NAMES, DEAD_LETTERS, TABLES
from tests.fakes.clickhouse_meeting import STARTED_AT_US, Meeting

MEETING = Meeting("tenant", "bot_1")


def named(row: Row) -> dict[str, object]:
    return dict(zip(COLUMN_NAMES[row.table], row.values, strict=True))


def test_the_sink_reads_the_topics_that_name_it() -> None:
    """topics.py says who reads what; a topic that names this sink has a table, and no other has."""
    assert set(TABLES) == {topic.name for topic in RECORD_TOPICS if "sink clickhouse" in topic.readers}


def test_every_record_of_a_meeting_fills_its_table() -> None:
    """Each row has one value for each column of its table, and ends with its place in the log."""
    for offset, (topic, record) in enumerate(MEETING.records()):
        row = row_of(topic.name, record, partition=3, offset=offset)
        assert row.table == TABLES[topic.name].name
        assert (named(row)["log_partition"], named(row)["log_offset"]) == (3, offset)


def test_a_turn_becomes_one_row_with_its_words_beside_it() -> None:
    """Words are arrays of equal length; unknown people are empty, unknown confidence is null."""
    turn = MEETING.turn(1, 2, "the cat", participant_id=None)
    row = named(row_of(TRANSCRIPT_TURNS.name, turn, partition=0, offset=9))
    assert row["words.text"] == ["the", "cat"]
    assert row["words.start_ms"] == [1000, 1200]
    assert row["words.confidence"] == [0.5, None]
    assert row["participant_id"] == ""
    assert (row["revision"], row["state"], row["recording_started_at"]) == (2, "end_of_turn", STARTED_AT_US)


def test_the_ledger_lies_beside_the_event_that_carries_it() -> None:
    """`done` fills the ledger columns; other steps leave them empty."""
    done = named(
        row_of(BOT_EVENTS.name, MEETING.step(3, BotState.DONE, ledger=MEETING.ledger()), partition=0, offset=0)
    )
    assert (done["ledger_outcome"], done["ledger_streams.units_gap"]) == ("done", [{"network": 6}])
    joining = named(row_of(BOT_EVENTS.name, MEETING.step(0, BotState.JOINING), partition=0, offset=0))
    assert (joining["ledger_outcome"], joining["ledger_streams.units_gap"]) == ("", [])


def test_a_bad_word_is_named_by_its_field() -> None:
    """The error leads to the field inside the word."""
    late_word = msgspec.structs.replace(MEETING.turn(1, words="x").words[0], end_ms=2**31)
    for changes, field in (({"start_ms": 2**31}, "start_ms"), ({}, "words.end_ms")):
        turn = msgspec.structs.replace(MEETING.turn(1, **changes), words=() if changes else (late_word,))
        with pytest.raises(InvalidRecord) as refused:
            row_of(TRANSCRIPT_TURNS.name, turn, partition=0, offset=0)
        assert refused.value.message.startswith(f"{field} is not a whole number")


def test_a_dead_letter_keeps_bytes_headers_and_reason() -> None:
    """Whatever the record was made of, its row can be inserted."""
    record = RawRecord("transcript.turns", 2, 7, None, b"\x00\xff", (("tenant_id", b"acme"), ("odd", b"\xfe")))
    error = InvalidRecord("text \ud83d", error_class="bad_value")
    row = named(dead_row(record, stage="sink clickhouse", error=error, failed_at_us=5))
    assert row["value"] == b"\x00\xff"
    assert row["headers"] == {"tenant_id": b"acme", "odd": b"\xfe"}
    assert (row["tenant_id"], row["origin_offset"], row["error"], row["key"]) == ("acme", 7, "text ?", b"")
    assert set(row) == set(COLUMN_NAMES[DEAD_LETTERS])
