"""Migrations on a real ClickHouse: from empty, from every earlier version with data, interrupted, by two at once, refused."""

import subprocess
import sys
from collections.abc import Iterator
from threading import Thread

import pytest

from infra.local.clickhouse import ClickHouseServer
from schemas.errors import EarshotError, Unavailable, UsageError
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.database import migrate as migrate_module
from sinks.clickhouse.database.formerly import FORMERLY
from sinks.clickhouse.database.layout import Layout
from sinks.clickhouse.database.migrate import Migration, layout_of, migrate, migrations
from sinks.clickhouse.database.preparation import bring_up_to_date, keep, prepare
from sinks.clickhouse.server.adapter import Server
from sinks.clickhouse.server.lock import held
from tests.fakes.clickhouse_bench import VIEWS, Bench, Log
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.clickhouse_rows import write
from tests.fakes.fresh_name import fresh

pytestmark = pytest.mark.integration
FIRST_WITH_TABLES = 9
HOLDER = """
import sys, time
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.server.lock import held
with held(ClickHouseSettings(clickhouse_host=sys.argv[1], clickhouse_port=int(sys.argv[2])), sys.argv[3]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def bench(clickhouse: ClickHouseServer) -> Bench:
    return Bench(Log("127.0.0.1:1", "http://127.0.0.1:1"), clickhouse.host, clickhouse.port)


@pytest.fixture(scope="module")
def server(bench: Bench) -> Iterator[Server]:
    server = bench.server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    """A database with everything in it."""
    name = fresh("db")
    migrate(server, name)
    return name


@pytest.fixture(scope="module")
def today(server: Server) -> tuple[str, Meeting]:
    """A database made from empty with a meeting in it, and the meeting."""
    name, meeting = fresh("db"), Meeting(fresh("tenant"), fresh("bot"))
    migrate(server, name)
    write(server, name, meeting.records())
    return name, meeting


def settings_of(bench: Bench, database: str, **changes: object) -> ClickHouseSettings:
    return bench.settings().model_copy(update={"clickhouse_database": database, **changes})


def tables_of(server: Server, database: str) -> dict[str, str]:
    found = server.run(f"SELECT name, create_table_query FROM system.tables WHERE database = '{database}'")
    return {str(name): str(query).replace(database, "db") for name, query in found}


def answers(server: Server, database: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of every view, as text and sorted."""
    return {view: server.run(f"SELECT toString(tuple(*)) AS row FROM {database}.{view} ORDER BY row") for view in VIEWS}


def apply_first(server: Server, database: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a release with so many files would have left behind."""
    with monkeypatch.context() as patch:
        first = migrations()[:count]
        patch.setattr(migrate_module, "migrations", lambda: first)
        migrate(server, database)


def test_from_empty_and_again_changes_nothing(server: Server) -> None:
    """The second run finds nothing to do and leaves every table as it was."""
    name = fresh("db")
    assert migrate(server, name) == [migration.name for migration in migrations()]
    first = tables_of(server, name)
    assert migrate(server, name) == []
    assert tables_of(server, name) == first


@pytest.mark.parametrize("version", range(FIRST_WITH_TABLES, len(migrations())))
def test_from_every_earlier_version_with_data(
    server: Server, today: tuple[str, Meeting], version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows written under an earlier version are in every view afterwards, in the same tables as from empty.

    But for when a turn first settled: revisions that were merged away before there was a table for it left no trace.
    And for what an earlier version did not write of webhook attempts.
    """
    database, meeting = today
    name = fresh("db")
    apply_first(server, name, version, monkeypatch)
    write(server, name, meeting.records())
    migrate(server, name)
    assert tables_of(server, name) == tables_of(server, database)
    found, expected = answers(server, name), answers(server, database)
    assert all(expected.values())
    apart: dict[str, list[tuple[object, ...]]] = {"v_latency": [], "v_webhook_attempts": []}
    assert {**found, **apart} == {**expected, **apart}
    assert len(found["v_webhook_attempts"]) == len(expected["v_webhook_attempts"])
    assert server.run(f"SELECT sum(turns) FROM {name}.v_latency") == [(3,)]


def test_interrupted_half_way_is_taken_up_again(server: Server, database: str) -> None:
    """Stopped after any of the statements, the next run ends with the same tables."""
    name = fresh("db")
    layout = layout_of(server, name)
    statements = [statement for migration in migrations() for statement in migration.statements(layout)]
    for stop in range(1, len(statements), 11):
        name = fresh("db")
        for statement in statements[:stop]:
            server.run(statement.replace(layout.database, name))
        migrate(server, name)
        assert tables_of(server, name) == tables_of(server, database)


def test_a_changed_file_is_refused(server: Server, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applied files may not change under an existing database: the error names the file."""
    changed = [Migration(entry.version, entry.name, entry.text + "-- mended\n") for entry in migrations()]
    monkeypatch.setattr(migrate_module, "migrations", lambda: changed)
    with pytest.raises(UsageError, match=r"0001_schema_migrations\.sql is not what was applied"):
        migrate(server, database)


def test_what_a_newer_release_applied_is_left_alone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of the release before starts again during an upgrade: nothing is undone, nothing is refused."""
    name = fresh("db")
    migrate(server, name)
    apply_first(server, name, FIRST_WITH_TABLES, monkeypatch)
    assert migrate(server, name) == []


def test_files_that_lost_their_views_are_not_refused(server: Server, database: str) -> None:
    """A database whose files still made views, older ones, keeps its tables and gets the views of today."""
    name = fresh("db")
    migrate(server, name)
    for version, checksum in FORMERLY.items():
        columns = "(version, name, checksum, applied_at)"
        server.run(f"INSERT INTO {name}.schema_migrations {columns} SELECT {version}, 'x', '{checksum}', now64(3) + 1")
    server.run(f"CREATE OR REPLACE VIEW {name}.v_turns AS SELECT turn_id FROM {name}.turns")
    [newest] = [entry for entry in migrations() if entry.views]
    server.run(f"DELETE FROM {name}.schema_migrations WHERE version = {newest.version}")
    assert migrate(server, name) == [newest.name]
    assert tables_of(server, name) == tables_of(server, database)


def test_two_at_once_apply_each_file_once(bench: Bench, server: Server) -> None:
    """Four processes that start together end with one row for each file, and the same tables."""
    name, failed = fresh("db"), []

    def run() -> None:
        settings = settings_of(bench, name)
        server = Server(settings)
        try:
            prepare(settings, server)
        except EarshotError as error:
            failed.append(error)
        finally:
            server.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert server.run(f"SELECT count() FROM {name}.schema_migrations") == [(len(migrations()),)]


def test_a_held_lock_is_not_taken_and_dies_with_its_holder(bench: Bench) -> None:
    """Refused while another process holds it; kill -9 of the holder is enough to release it."""
    name = fresh("lock")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, bench.host, str(bench.port), name], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Unavailable, match="another process holds"), held(bench.settings(), name, 0.5):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with held(bench.settings(), name, 20.0):
        pass


def test_a_sink_that_may_not_migrate_says_what_is_missing(bench: Bench, server: Server) -> None:
    """EARSHOT_CLICKHOUSE_MIGRATE=false: an old database is refused with the remedy, an up to date one is not touched."""
    name = fresh("db")
    settings = settings_of(bench, name, clickhouse_migrate=False)
    with pytest.raises(UsageError, match=rf"{name} lacks 0001") as refused:
        prepare(settings, server)
    assert "earshot clickhouse migrate" in refused.value.remedy
    migrate(server, name)
    prepare(settings, server)


def test_rows_are_kept_as_long_as_the_settings_say(bench: Bench, server: Server) -> None:
    """TTLs follow the settings, for ever included, and what is as it should be is not altered."""
    name = fresh("db")
    settings = settings_of(bench, name, clickhouse_turns_days=10, clickhouse_bot_events_days=0)
    bring_up_to_date(settings, server)
    kept = tables_of(server, name)
    assert "toIntervalDay(10)" in kept["turns"]
    assert "toIntervalDay(10)" in kept["turn_latencies"]
    assert "toIntervalDay(7)" in kept["turn_revisions"]
    assert "TTL" not in kept["bot_events"]
    assert keep(settings, server) == []
    changed = settings_of(bench, name, clickhouse_turns_days=0, clickhouse_bot_events_days=30)
    assert {change.table for change in keep(changed, server)} == {"turns", "turn_latencies", "bot_events"}
    assert "TTL" not in tables_of(server, name)["turns"]
    assert "TTL" not in tables_of(server, name)["erasures"]


def test_rows_past_their_time_go(bench: Bench, server: Server) -> None:
    """A turn of a recording longer ago than the setting is gone once ClickHouse has merged; a younger one is not."""
    name = fresh("db")
    bring_up_to_date(settings_of(bench, name, clickhouse_turns_days=100), server)
    for age, turn in ((99, "young"), (101, "old")):
        server.run(
            f"INSERT INTO {name}.turns (tenant_id, turn_id, state, recording_started_at) "
            f"SELECT 't', '{turn}', 'end_of_turn', now64(6) - INTERVAL {age} DAY"
        )
    server.run(f"OPTIMIZE TABLE {name}.turns FINAL")
    assert server.run(f"SELECT turn_id FROM {name}.v_turns") == [("young",)]


@pytest.mark.parametrize("layout", [Layout("db", "main", (26, 7)), Layout("db", "main", (24, 8))])
def test_a_cluster_s_statements_are_sql(server: Server, layout: Layout) -> None:
    """Every statement parses; every one that creates or alters goes to the cluster; every table is Replicated."""
    statements = [statement for migration in migrations() for statement in migration.statements(layout)]
    for statement in statements:
        code = "\n".join(line for line in statement.splitlines() if not line.startswith("--"))
        if not code.startswith("INSERT"):
            assert "ON CLUSTER `main`" in code, code[:80]
            assert server.run(f"EXPLAIN AST {code}")
        assert "{" not in code.replace("{tenant:String}", "").replace("{phrase:String}", "")
    engines = [line for statement in statements for line in statement.splitlines() if line.startswith("ENGINE")]
    assert all(line.startswith("ENGINE = Replicated") for line in engines)


def test_the_fallback_for_servers_before_26_2_works(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the filter of words instead of the text index, the same phrases are found."""
    name = fresh("db")
    monkeypatch.setattr(migrate_module, "version_of", lambda _: (24, 8))
    migrate(server, name)
    assert "tokenbf_v1" in tables_of(server, name)["turns"]
    meeting = Meeting(fresh("tenant"), fresh("bot"))
    write(server, name, meeting.records())
    found = f"SELECT text, before_text, after_text FROM {name}.v_phrase(tenant = '{meeting.tenant_id}', phrase = 'THEN some')"
    assert server.run(found) == [("and 😀 then some", "the cat", "who")]
