"""What the benchmarks ask of ClickHouse fits the tables and views of today."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.benchmarks import clickhouse_throughput, many_meetings
from infra.benchmarks.clickhouse_ground import Ground
from infra.documentation.questions import QUESTIONS, Scope
from infra.local.clickhouse import ClickHouseServer
from sinks.clickhouse.database.migrate import migrate
from sinks.clickhouse.server.adapter import Server
from tests.fakes.clickhouse_bench import Bench, Log
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.clickhouse_rows import write
from tests.fakes.fresh_name import fresh

pytestmark = pytest.mark.integration
MEETINGS = 40


@pytest.fixture
def server(clickhouse: ClickHouseServer) -> Iterator[Server]:
    server = Bench(Log("127.0.0.1:1", "http://127.0.0.1:1"), clickhouse.host, clickhouse.port).server()
    yield server
    server.close()


@pytest.fixture
def database(server: Server) -> str:
    name = fresh("db")
    migrate(server, name)
    return name


def test_the_bare_loop_leaves_computed_columns_out(
    server: Server, database: str, clickhouse: ClickHouseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns that ClickHouse works out are not inserted; everything else of a row is."""
    monkeypatch.setattr(clickhouse_throughput, "SEGMENTS", 20)
    write(server, database, Meeting(fresh("tenant"), fresh("bot")).records())
    clickhouse_throughput.insert_bare(Ground("", "", clickhouse.port, {}, tmp_path), database, rows=10)
    same = "SELECT DISTINCT turn_id, text, word_count, questions FROM {table} ORDER BY turn_id"
    found = server.run(same.format(table=f"{database}.bare"))
    assert found
    assert found == server.run(same.format(table=f"{database}.turns"))


def test_every_question_has_an_answer_in_the_made_up_meetings(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every statement of the load is taken, and no benchmarked question is asked of nothing."""
    monkeypatch.setattr(many_meetings, "MEETINGS", MEETINGS)
    monkeypatch.setattr(many_meetings, "TURNS", MEETINGS * many_meetings.TURNS_PER_MEETING)
    for statement in many_meetings.Load(database, seed=1).statements():
        server.run(statement)
    [(phrase,)] = server.run(f"SELECT text FROM {database}.turns WHERE meeting_id = 'mtg_7' LIMIT 1")
    blanks = {"database": database, "tenant": "tenant_7", "meeting": "mtg_7", "bot": "bot_7", "phrase": str(phrase)}
    asked = [question for question in QUESTIONS if question.scope is not Scope.TENANT]
    assert [question.name for question in asked if not server.run(question.query(**blanks))] == []
