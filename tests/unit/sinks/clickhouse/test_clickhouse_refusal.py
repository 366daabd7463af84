"""What ClickHouse's errors ask of the sink, and what may stand in SQL."""

import struct

import pytest

from schemas.errors import UsageError
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.database.layout import Layout
from sinks.clickhouse.database.migrate import Migration, migrations
from sinks.clickhouse.server.adapter import without_values
from sinks.clickhouse.server.config import client_arguments, database_of
from sinks.clickhouse.server.refusal import (
    BROKEN_OFF,
    BY_CODE,
    CODES,
    NOT_ENCODED,
    REMEDIES,
    Refusal,
    classify,
    classify_client,
)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (210, Refusal.UNKNOWN),  # network
        (159, Refusal.UNKNOWN),  # timeout
        (319, Refusal.UNKNOWN),  # unknown status of insert
        (242, Refusal.RETRY),  # replica is read-only
        (243, Refusal.RETRY),  # disk full
        (252, Refusal.RETRY),  # too many parts
        (999_999, Refusal.RETRY),  # one that does not exist yet
        (16, Refusal.SCHEMA),  # no such column
        (60, Refusal.SCHEMA),  # no such table
        (469, Refusal.DATA),  # violated constraint
        (53, Refusal.DATA),  # type mismatch
        (164, Refusal.ACCESS),  # read-only user
        (516, Refusal.ACCESS),  # wrong password
    ],
)
def test_codes_are_sorted_by_what_to_do(code: int, refusal: Refusal) -> None:
    """Unknown codes are retried: nothing is lost by waiting."""
    assert classify(code) is refusal


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("Too many parts (300 with average size of 1 KiB) in table", Refusal.RETRY),
        ("Too many partitions for single INSERT block (more than 100)", Refusal.DATA),
    ],
)
def test_code_252_means_two_things(message: str, refusal: Refusal) -> None:
    """Too many parts passes when merges catch up; too many partitions passes only when the block is halved."""
    assert classify(252, f"DB::Exception: {message}") is refusal


def test_no_code_is_in_two_classes() -> None:
    """The table is a table."""
    assert len(BY_CODE) == sum(map(len, CODES.values()))


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (EOFError(), Refusal.UNKNOWN),
        (ConnectionResetError(), Refusal.UNKNOWN),
        (TimeoutError(), Refusal.UNKNOWN),
        (AttributeError("'NoneType' object has no attribute 'encode'"), Refusal.DATA),
        (UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed"), Refusal.DATA),
        (OverflowError(), Refusal.DATA),
        (struct.error("argument out of range"), Refusal.DATA),
        (ValueError("Expected 3 columns, got 2"), Refusal.DATA),
    ],
)
def test_what_the_client_raises_of_itself_is_sorted_too(error: Exception, refusal: Refusal) -> None:
    """A connection that broke leaves the outcome open; a value that cannot be encoded is a row's fault."""
    assert isinstance(error, (*BROKEN_OFF, *NOT_ENCODED))
    assert classify_client(error) is refusal


def test_an_error_is_told_without_the_row_it_quotes() -> None:
    """A violated constraint's message ends with the row's values, which may be speech."""
    message = (
        "DB::Exception: Constraint `c` is violated at row 1. Expression: (a > b). Column values: text = 'psst'\nStack"
    )
    assert without_values(message).endswith("Expression: (a > b).")


def test_every_refusal_has_a_remedy() -> None:
    """Whatever stops the sink says what to do."""
    assert set(REMEDIES) == set(Refusal)


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "a`b", "a;DROP DATABASE x"])
def test_a_database_name_that_could_be_more_than_a_name_is_refused(name: str) -> None:
    """The name goes into SQL as it is."""
    with pytest.raises(UsageError, match="is no name for a database"):
        database_of(ClickHouseSettings(clickhouse_database=name))


def test_an_insert_gives_up_before_kafka_gives_us_up() -> None:
    """max.poll.interval.ms is 5 minutes; start-up ends within the start-up timeout."""
    arguments = client_arguments(ClickHouseSettings(startup_timeout_s=4))
    assert arguments["send_receive_timeout"] < 300
    assert arguments["connect_timeout"] == 4


def test_a_migration_splits_at_semicolons_that_end_a_line() -> None:
    """A semicolon inside a line belongs to its statement; the database's name is put in everywhere."""
    migration = Migration(1, "0001_x.sql", "-- why\nCREATE TABLE {database}.a;\n\nSELECT 'x; y' FROM {database}.a;\n")
    assert list(migration.statements(Layout("d"))) == ["-- why\nCREATE TABLE d.a", "SELECT 'x; y' FROM d.a"]


def test_no_number_is_given_twice() -> None:
    """Forward-only files, each with a number of its own, applied in their order."""
    versions = [entry.version for entry in migrations()]
    assert versions == sorted(set(versions))
