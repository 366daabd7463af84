"""One process at a time, by a lock that ClickHouse itself holds and that dies with its holder.

ClickHouse runs no two queries of the same id, whoever asks. So a query that sleeps under a known id is a lock: it is taken
when the query answers, refused with an error while another runs, and released when the connection closes, also by kill -9.
It holds on one server; the statements it guards are idempotent, so two servers of a cluster do no harm.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from schemas.errors import Unavailable
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.server.config import client_arguments

ALREADY_RUNNING = 216
RETRY_S = 0.2
REMEDY = "try again; a lock is a query, which this user must be allowed to run for as long as it is held"
HOLD = "SELECT sleepEachRow(0.2) FROM numbers(18000) SETTINGS max_block_size = 1, max_execution_time = 0"


@contextmanager
def held(settings: ClickHouseSettings, name: str, wait_s: float = 60.0) -> Iterator[None]:
    """Hold the lock `name` for the time of the block, an hour at most; raises Unavailable when another does not let go."""
    client = Client(**client_arguments(settings))
    deadline_s = time.monotonic() + wait_s
    try:
        while not _taken(client, name):
            if time.monotonic() > deadline_s:
                raise Unavailable(
                    f"another process holds {name!r}", remedy="let it finish, or end it: its lock goes too"
                )
            time.sleep(RETRY_S)
        yield
    finally:
        client.disconnect()


def _taken(client: Client, name: str) -> bool:
    try:
        next(client.execute_iter(HOLD, query_id=name))
    except Error as error:
        client.disconnect()
        if error.code == ALREADY_RUNNING:
            return False
        raise Unavailable(f"ClickHouse gives no lock: code {error.code}", remedy=REMEDY) from error
    except (EOFError, OSError) as error:
        raise Unavailable(f"ClickHouse gives no lock: {error!r}", remedy=REMEDY) from error
    return True
