"""`earshot sink clickhouse`: one process of the sink."""

import signal
from threading import Event, Thread

import click
import structlog

from schemas.garbage import spare_what_stays
from schemas.health import Readiness, serve
from schemas.settings import ClickHouseSettings, load
from schemas.telemetry import configure_logging
from schemas.timebase import SystemClock
from sinks.clickhouse.database.preparation import prepare
from sinks.clickhouse.delivery.fault_point import FaultPoint, FaultPoints
from sinks.clickhouse.delivery.writer import Writer
from sinks.clickhouse.erasure.eraser import Eraser
from sinks.clickhouse.server.adapter import Server
from sinks.clickhouse.server.config import database_of
from sinks.clickhouse.sink import ClickHouseSink

log = structlog.get_logger()


@click.command()
def clickhouse() -> None:
    """Carry turns, participants, bots, sessions, audio quality and webhook attempts into ClickHouse tables.

    Brings the database up to date first (EARSHOT_CLICKHOUSE_MIGRATE=false: only looks whether it is). Carries out erasures
    that `earshot clickhouse erase` asked for. Run as many as you like: they share the topics' partitions. While ClickHouse
    is away the records wait in Kafka. SIGTERM writes what is in hand, commits, and ends.

    Where to: EARSHOT_CLICKHOUSE_HOST, _PORT, _HTTP_PORT (0: all over the native port, slower), _DATABASE, _USER and _PASSWORD;
    with TLS EARSHOT_CLICKHOUSE_SECURE=true, the TLS ports (usually 9440 and 8443), and _CA_FILE when the certificate is of a
    CA of your own.
    """
    settings = load(ClickHouseSettings)
    configure_logging(settings.log_level, settings.log_format)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database = database_of(settings)
    faults, readiness = FaultPoints(settings.clickhouse_die_at), Readiness()
    serve(settings, readiness)
    server = Server(settings, on_sent=lambda: faults.reach(FaultPoint.IN_INSERT))
    prepare(settings, server)
    server.demand_bulk()
    writer = Writer(server, database=database, group=settings.clickhouse_consumer_group)
    sink = ClickHouseSink(settings, writer, SystemClock(), faults=faults, readiness=readiness)
    spare_what_stays()
    log.info("sink_started", sink="clickhouse", database=database, group=settings.clickhouse_consumer_group)
    eraser = Thread(target=Eraser(settings, SystemClock()).run, args=(stopping,), name="eraser", daemon=True)
    eraser.start()
    sink.run(stopping.is_set)
    log.info("sink_stopped", sink="clickhouse")
