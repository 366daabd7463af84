"""ClickHouse behind our own errors, for one thread: the native client, and HTTP for rows that are a frame.

Whatever goes wrong leaves as NotNow (the same again, later) or as Refused (trying again will not help), each with what it
asks of the caller. The connection is given up after any error: half an answer may be left in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, PartiallyConsumedQueryError, ServerException

from schemas.errors import EarshotError, Unavailable
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.mapping.block import Block
from sinks.clickhouse.mapping.frame import Frame
from sinks.clickhouse.mapping.tables import COLUMN_NAMES
from sinks.clickhouse.server.bulk import Bulk
from sinks.clickhouse.server.config import INSERT_SETTINGS, client_arguments
from sinks.clickhouse.server.refusal import BROKEN_OFF, NOT_ENCODED, REMEDIES, Refusal, classify, classify_client

Statement = Callable[[], Any]


class NotNow(Unavailable):
    """ClickHouse may take this later; `refusal` says whether it may have taken it already."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message, remedy=REMEDIES[refusal])
        self.refusal = refusal


class Refused(EarshotError):
    """ClickHouse will not take this however often it is tried; `refusal` says whose fault that is."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message, remedy=REMEDIES[refusal])
        self.refusal = refusal


class _Client(Client):  # type: ignore[misc]
    """The client, with a word at the moment when all rows are sent and no answer is read."""

    def __init__(self, on_sent: Callable[[], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._on_sent = on_sent

    def receive_end_of_insert_query(self) -> None:
        self._on_sent()
        super().receive_end_of_insert_query()


class Server:
    """A ClickHouse server as this sink uses it: run a statement, ask for rows, insert rows."""

    def __init__(self, settings: ClickHouseSettings, on_sent: Callable[[], None] = lambda: None) -> None:
        self._name = f"ClickHouse at {settings.clickhouse_host}:{settings.clickhouse_port}"
        self._client = _Client(on_sent, **client_arguments(settings))
        self._bulk = Bulk(settings, on_sent) if settings.clickhouse_http_port else None

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of one statement; none for DDL."""
        found = self._guarded(lambda: self._client.execute(statement))
        return found if isinstance(found, list) else []

    def insert(self, into: str, rows: Sequence[tuple[object, ...]], *, token: str) -> None:
        """Insert `rows` as one block, once for each `token`; `into` is `table (columns)`."""
        self._guarded(lambda: self._client.execute(f"INSERT INTO {into} VALUES", rows, settings=_settings(token)))

    def insert_block(self, database: str, block: Block | Frame, *, token: str) -> None:
        """Insert the rows into their table, once for each `token`, whichever way they go."""
        names = ", ".join(f"`{name}`" for name in COLUMN_NAMES[block.table])
        into, bulk = f"{database}.{block.table} ({names})", self._bulk
        if isinstance(block, Frame) and bulk:
            arrow = block.arrow()
            self._guarded(lambda: bulk.insert(into, arrow, _settings(token)))
            return
        columns = block.block().columns if isinstance(block, Frame) else block.columns
        statement = f"INSERT INTO {into} VALUES"
        self._guarded(lambda: self._client.execute(statement, columns, columnar=True, settings=_settings(token)))

    def demand_bulk(self) -> None:
        """Raise NotNow or Refused unless the way of frames is open to us, if there is to be one."""
        if bulk := self._bulk:
            self._guarded(bulk.ask)

    def close(self) -> None:
        self._client.disconnect()
        if self._bulk:
            self._bulk.close()

    def _guarded(self, statement: Statement) -> Any:
        try:
            return statement()
        except Error as error:
            self._client.disconnect()
            raise self._translated(error) from error
        except (*BROKEN_OFF, *NOT_ENCODED) as error:
            self._client.disconnect()
            raise self._of_client(error) from error

    def _translated(self, error: Error) -> EarshotError:
        what = without_values(str(error.message)) if isinstance(error, ServerException) else type(error).__name__
        refusal = classify(error.code or 0, what)
        if isinstance(error, PartiallyConsumedQueryError):
            refusal = Refusal.UNKNOWN
        kind = NotNow if refusal in (Refusal.RETRY, Refusal.UNKNOWN) else Refused
        return kind(f"{self._name}: {what} (code {error.code})", refusal)

    def _of_client(self, error: Exception) -> EarshotError:
        """What the client raised of itself. Its message may quote a value, which may be speech: only its kind is told."""
        refusal = classify_client(error)
        if refusal is Refusal.UNKNOWN:
            return NotNow(f"{self._name} broke off: {type(error).__name__}", refusal)
        return Refused(f"a value cannot be sent to {self._name}: {type(error).__name__}", refusal)


def without_values(message: str) -> str:
    """The first line of a server's error, up to where it begins to quote the row, which may be speech."""
    first_line = message.partition("\n")[0].partition("Stack trace")[0]
    return first_line.partition("Column values:")[0].strip()


def _settings(token: str) -> dict[str, object]:
    return {**INSERT_SETTINGS, "insert_deduplication_token": token}
