"""How this sink talks to ClickHouse: the client's arguments, from settings."""

import re
from pathlib import Path
from typing import Any

from schemas.errors import UsageError
from schemas.settings import ClickHouseSettings

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INSERT_SETTINGS = {
    # defaults moved between versions: an asynchronous insert acknowledges before rows are readable, and duplicates
    # must be dropped in what hangs on the table too
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # a batch is bounded by rows, and a clock far off may not cost its neighbours their insert
    "max_partitions_per_insert_block": 0,
}


def database_of(settings: ClickHouseSettings) -> str:
    """The database's name, safe to stand in SQL; raises UsageError otherwise."""
    if not IDENTIFIER.fullmatch(settings.clickhouse_database):
        raise UsageError(
            f"{settings.clickhouse_database!r} is no name for a database",
            remedy="set EARSHOT_CLICKHOUSE_DATABASE to letters, digits and _, not beginning with a digit",
        )
    return settings.clickhouse_database


def client_arguments(settings: ClickHouseSettings) -> dict[str, Any]:
    """Arguments of clickhouse_driver.Client. An insert ends, or fails, well within Kafka's max.poll.interval.ms."""
    return {
        "host": settings.clickhouse_host,
        "port": settings.clickhouse_port,
        "user": settings.clickhouse_user,
        "password": settings.clickhouse_password.get_secret_value(),
        "connect_timeout": min(settings.startup_timeout_s, 10.0),
        "send_receive_timeout": settings.clickhouse_timeout_s,
        "sync_request_timeout": 5,
        "compression": "lz4",
        "client_name": "earshot-sink",
        **_tls(settings),
    }


def _tls(settings: ClickHouseSettings) -> dict[str, Any]:
    """Nothing in plain text; raises UsageError when the CA's file cannot be read."""
    if not settings.clickhouse_secure:
        return {}
    ca_file = ca_file_of(settings)
    given = {"ca_certs": ca_file} if ca_file else {}
    return {"secure": True, "verify": settings.clickhouse_verify, "check_hostname": True, **given}


def ca_file_of(settings: ClickHouseSettings) -> str:
    """The path of the CA's file, empty for the machine's own; raises UsageError when it cannot be read."""
    if settings.clickhouse_ca_file and not Path(settings.clickhouse_ca_file).is_file():
        raise UsageError(
            f"there is no file {settings.clickhouse_ca_file}",
            remedy="set EARSHOT_CLICKHOUSE_CA_FILE to the CA's PEM file",
        )
    return settings.clickhouse_ca_file
