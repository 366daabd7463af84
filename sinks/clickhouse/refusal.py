"""What ClickHouse's refusal asks of us. Pure: the one place that says which error codes mean what.

The codes are ClickHouse's own (src/Common/ErrorCodes.cpp). A code that is not named here is retried: waiting loses
nothing, the log keeps the records, and the lag shows.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """RETRY: the same batch with the same token will do, later. SCHEMA: table and sink disagree. DATA: a row is at fault.

    ACCESS: the server will not let this user in or write.
    """

    RETRY = "retry"
    SCHEMA = "schema"
    DATA = "data"
    ACCESS = "access"


SCHEMA_CODES = frozenset({10, 16, 36, 47, 57, 60, 62, 81})
DATA_CODES = frozenset({6, 27, 38, 41, 53, 69, 70, 72, 117, 131, 190, 321, 349, 469})
ACCESS_CODES = frozenset({164, 192, 193, 194, 497, 516})

REMEDIES = {
    Refusal.RETRY: "start it with `earshot up`, or set EARSHOT_CLICKHOUSE_HOST and EARSHOT_CLICKHOUSE_PORT",
    Refusal.SCHEMA: "someone changed the table: put it back, or start with an empty EARSHOT_CLICKHOUSE_DATABASE",
    Refusal.DATA: "look at the records of these offsets; nothing after them was committed",
    Refusal.ACCESS: "set EARSHOT_CLICKHOUSE_USER and EARSHOT_CLICKHOUSE_PASSWORD to a user who may create and insert",
}


def classify(code: int) -> Refusal:
    """What to do about ClickHouse's error `code`."""
    if code in SCHEMA_CODES:
        return Refusal.SCHEMA
    if code in DATA_CODES:
        return Refusal.DATA
    return Refusal.ACCESS if code in ACCESS_CODES else Refusal.RETRY
