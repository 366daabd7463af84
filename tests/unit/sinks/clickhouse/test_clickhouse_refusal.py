"""What ClickHouse's errors ask of the sink, and what may stand in SQL."""

import pytest

from schemas.errors import UsageError
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.config import client_arguments, database_of
from sinks.clickhouse.layout import Layout
from sinks.clickhouse.migrate import Migration, migrations
from sinks.clickhouse.refusal import REMEDIES, Refusal, classify


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (210, Refusal.RETRY),  # network
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


def test_migrations_are_numbered_without_holes() -> None:
    """Forward-only files: 1, 2, 3, …"""
    assert [entry.version for entry in migrations()] == list(range(1, len(migrations()) + 1))
