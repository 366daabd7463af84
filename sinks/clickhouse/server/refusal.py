"""What an error of ClickHouse or of its client asks of us. Pure: the one place that says which error means what.

The codes are ClickHouse's own (src/Common/ErrorCodes.cpp). A code that is not named here is retried: waiting loses
nothing, the log keeps the records, and the lag shows.
"""

import struct
from enum import StrEnum


class Refusal(StrEnum):
    """What to do with the batch that met the error.

    RETRY: the same again, later; the table is not ready. UNKNOWN: the same again, later, on a new connection; the rows may be
    in. DATA: a row is at fault, find it by halving, and bury it. SCHEMA: table and sink disagree, this table stops. ACCESS:
    the server will not let this user write, this table stops.
    """

    RETRY = "retry"
    UNKNOWN = "unknown"
    DATA = "data"
    SCHEMA = "schema"
    ACCESS = "access"


TOO_MANY_PARTS = 252
TOO_MANY_PARTITIONS = "too many partitions"

CODES: dict[Refusal, dict[int, str]] = {
    Refusal.RETRY: {
        3: "unexpected end of file",
        107: "file does not exist",
        202: "too many simultaneous queries",
        203: "no free connection",
        241: "memory limit",
        242: "table is read-only: the replica has lost its keeper",
        243: "not enough space",
        TOO_MANY_PARTS: "too many parts: merges are behind",
        285: "too few live replicas",
        425: "system error",
        999: "keeper",
    },
    Refusal.UNKNOWN: {
        159: "timeout",
        209: "socket timeout",
        210: "network",
        319: "unknown status of insert",
        32: "attempt to read after end of file",
        99: "unknown packet from client",
        100: "unknown packet from server",
        101: "unexpected packet from client",
        102: "unexpected packet from server",
        394: "query was cancelled",
    },
    Refusal.DATA: {
        6: "cannot parse text",
        27: "cannot parse input",
        38: "cannot parse date",
        41: "cannot parse datetime",
        53: "type mismatch",
        69: "argument out of bound",
        70: "cannot convert type",
        72: "cannot parse number",
        117: "incorrect data",
        131: "too large string size",
        190: "sizes of arrays don't match",
        321: "value is out of range of data type",
        349: "cannot insert null in ordinary column",
        469: "violated constraint",
    },
    Refusal.SCHEMA: {
        10: "not found column in block",
        16: "no such column in table",
        20: "number of columns doesn't match",
        33: "cannot read all data",
        36: "bad arguments",
        47: "unknown identifier",
        57: "table already exists",
        60: "unknown table",
        62: "syntax error",
        81: "unknown database",
        218: "table is dropped",
    },
    Refusal.ACCESS: {
        164: "read-only",
        192: "unknown user",
        193: "wrong password",
        194: "required password",
        452: "setting constraint violation",
        497: "access denied",
        516: "authentication failed",
    },
}
BY_CODE = {code: refusal for refusal, codes in CODES.items() for code in codes}

# what the client raises of itself before or instead of an answer
BROKEN_OFF = (EOFError, OSError)
NOT_ENCODED = (AttributeError, ValueError, TypeError, OverflowError, IndexError, struct.error)

REMEDIES = {
    Refusal.RETRY: "nothing to do but look at the server: the records wait in the log",
    Refusal.UNKNOWN: (
        "start it with `earshot up`, or set EARSHOT_CLICKHOUSE_HOST, EARSHOT_CLICKHOUSE_PORT and EARSHOT_CLICKHOUSE_HTTP_PORT"
    ),
    Refusal.DATA: "look at the record with `earshot dlq show`",
    Refusal.SCHEMA: "someone changed the table: put it back, or bring it up to date with this sink's migrations",
    Refusal.ACCESS: "set EARSHOT_CLICKHOUSE_USER and EARSHOT_CLICKHOUSE_PASSWORD to a user who may create and insert",
}


def classify(code: int, message: str = "") -> Refusal:
    """What to do about ClickHouse's error `code`.

    Two errors share code 252: too many parts passes, too many partitions in one block never does, but for its halves.
    """
    if code == TOO_MANY_PARTS and TOO_MANY_PARTITIONS in message.lower():
        return Refusal.DATA
    return BY_CODE.get(code, Refusal.RETRY)


def classify_client(error: Exception) -> Refusal:
    """What to do about an error that the client raised of itself: a connection that broke, or a value it could not encode."""
    return Refusal.UNKNOWN if isinstance(error, BROKEN_OFF) else Refusal.DATA
