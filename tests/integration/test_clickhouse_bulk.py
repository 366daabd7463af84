"""Frames as Arrow over HTTP: the same rows as value by value, the same tokens, the same words for what goes wrong."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.clickhouse import ClickHouseServer
from schemas.codec import HEADER, plain_schema
from schemas.settings import ClickHouseSettings
from schemas.topics import TRANSCRIPT_TURNS
from sinks.clickhouse.mapping.columnar import frame_of
from sinks.clickhouse.mapping.frame import Frame, placed
from sinks.clickhouse.mapping.tables import TURNS
from sinks.clickhouse.server.adapter import NotNow, Refused, Server
from sinks.clickhouse.server.refusal import Refusal
from tests.fakes.clickhouse_bench import Bench, Log
from tests.fakes.clickhouse_meeting import Meeting
from tests.fakes.tls_door import certificate, tls_door

pytestmark = pytest.mark.integration
ALL = "SELECT * EXCEPT ingested_at FROM {db}.turns ORDER BY log_offset"


@pytest.fixture
def bench(kafka_bootstrap: str, registry_url: str, clickhouse: ClickHouseServer) -> Iterator[Bench]:
    bench = Bench(Log(kafka_bootstrap, registry_url), clickhouse.host, clickhouse.port, clickhouse.http_port)
    bench.make_tables()
    yield bench
    bench.close()


@pytest.fixture
def server(bench: Bench) -> Iterator[Server]:
    server = bench.server()
    yield server
    server.close()


def frame(bench: Bench, count: int = 60) -> Frame:
    """Turns with and without words, names and confidence."""
    meeting = Meeting("tenant", "bot")
    changes: list[dict[str, object]] = [{}, {"words": ""}, {"display_name": None, "participant_id": None}]
    turns = [meeting.turn(number, **changes[number % 3]) for number in range(count)]  # type: ignore[arg-type]
    bodies = [bench.log.encode(TRANSCRIPT_TURNS, turn)[HEADER.size :] for turn in turns]
    rows = frame_of(TURNS, plain_schema(TRANSCRIPT_TURNS), bodies, 1 << 50)
    assert rows is not None
    return Frame("turns", placed(rows, 3, range(count)), range(count))


def test_both_ways_make_the_same_rows(bench: Bench, server: Server) -> None:
    """Every column of every row, words and nulls included."""
    found = []
    for block in (frame(bench), frame(bench).block()):
        server.run(f"TRUNCATE TABLE {bench.database}.turns")
        server.insert_block(bench.database, block, token=type(block).__name__)
        found.append(bench.ask(ALL))
    assert len(found[0]) == 60
    assert found[0] == found[1]


def test_a_token_counts_whichever_way_it_came(bench: Bench, server: Server) -> None:
    """Sent as a frame, then again as a frame and value by value: in the table and in what hangs on it once."""
    rows = frame(bench)
    for block in (rows, rows, rows.block()):
        server.insert_block(bench.database, block, token="one batch")
    assert bench.number("SELECT count() FROM {db}.turns") == 60
    assert bench.number("SELECT count() FROM {db}.turn_latencies") == 60


def test_a_frame_halves_into_frames(bench: Bench, server: Server) -> None:
    """A part has the rows of its offsets and no others."""
    server.insert_block(bench.database, frame(bench).part(20, 40), token="a part")
    assert bench.ask("SELECT log_offset FROM {db}.turns ORDER BY 1") == [(offset,) for offset in range(20, 40)]


def test_what_the_server_refuses_is_told_apart(bench: Bench, server: Server) -> None:
    """A row against a constraint is the data's fault, a missing column the table's, too many parts will pass."""
    rows, table = frame(bench), f"{bench.database}.turns"
    server.run(f"ALTER TABLE {table} ADD CONSTRAINT few CHECK log_offset < 50")
    with pytest.raises(Refused, match="code 469") as refused:
        server.insert_block(bench.database, rows, token="constraint")
    assert refused.value.refusal is Refusal.DATA
    assert "word" not in refused.value.message
    server.run(f"ALTER TABLE {table} DROP CONSTRAINT few")
    server.run(f"ALTER TABLE {table} RENAME COLUMN reason TO reason_before")
    with pytest.raises(Refused) as refused:
        server.insert_block(bench.database, rows, token="column")
    assert refused.value.refusal is Refusal.SCHEMA
    server.run(f"ALTER TABLE {table} RENAME COLUMN reason_before TO reason")
    server.insert_block(bench.database, rows, token="first")
    server.run(f"ALTER TABLE {table} MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1")
    with pytest.raises(NotNow, match="code 252") as full:
        server.insert_block(bench.database, rows, token="second")
    assert full.value.refusal is Refusal.RETRY


def test_a_connection_that_breaks_leaves_the_outcome_unknown(bench: Bench) -> None:
    """Whoever answers with silence may have the rows: the same token again. Nobody there is said with the setting's name."""
    with socket.create_server((bench.host, 0)) as rude:
        server = Server(bench.settings().model_copy(update={"clickhouse_http_port": rude.getsockname()[1]}))
        rude.close()
        with pytest.raises(NotNow) as away:
            server.demand_bulk()
        server.close()
    assert away.value.refusal is Refusal.UNKNOWN
    assert "EARSHOT_CLICKHOUSE_HTTP_PORT" in (away.value.remedy or "")


def test_frames_go_through_tls(clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    """With the CA's file, or unverified when asked for; a certificate of nobody known is refused."""
    certificate_file, key_file = certificate(tmp_path, clickhouse.host)
    with tls_door((clickhouse.host, clickhouse.http_port), certificate_file, key_file) as port:
        settings = ClickHouseSettings(clickhouse_host=clickhouse.host, clickhouse_http_port=port)
        secure = settings.model_copy(update={"clickhouse_secure": True})
        for change in ({"clickhouse_ca_file": str(certificate_file)}, {"clickhouse_verify": False}):
            server = Server(secure.model_copy(update=change))
            server.demand_bulk()
            server.close()
        stranger = Server(secure)
        with pytest.raises(NotNow):
            stranger.demand_bulk()
        stranger.close()
