"""The ClickHouse client behind our own errors: one connection, for one thread.

Whatever goes wrong leaves as Unavailable (the outcome is not known or the server is not ready: the same again, later)
or as Refused (trying again will not help). The connection is given up after any error: half an answer may be left in it.
"""

from collections.abc import Sequence

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, PartiallyConsumedQueryError

from schemas.errors import EarshotError, Unavailable
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.config import INSERT_SETTINGS, client_arguments
from sinks.clickhouse.refusal import REMEDIES, Refusal, classify


class Refused(EarshotError):
    """ClickHouse will not take this however often it is tried; `refusal` says whose fault that is."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message, remedy=REMEDIES[refusal])
        self.refusal = refusal


class Server:
    """A ClickHouse server as this sink uses it: run a statement, ask for rows, insert rows."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._name = f"ClickHouse at {settings.clickhouse_host}:{settings.clickhouse_port}"
        self._client = Client(**client_arguments(settings))

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of one statement; none for DDL."""
        return self._guarded(statement, None, {})

    def insert(self, into: str, rows: Sequence[tuple[object, ...]], *, token: str) -> None:
        """Insert `rows` as one block, once for each `token`; `into` is `table (columns)`."""
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": token}
        self._guarded(f"INSERT INTO {into} VALUES", rows, settings)

    def close(self) -> None:
        self._client.disconnect()

    def _guarded(
        self, statement: str, rows: Sequence[tuple[object, ...]] | None, settings: dict[str, object]
    ) -> list[tuple[object, ...]]:
        try:
            found = self._client.execute(statement, rows, settings=settings)
        except (PartiallyConsumedQueryError, EOFError, OSError) as error:
            self._client.disconnect()
            raise Unavailable(f"{self._name} broke off: {error!r}", remedy=REMEDIES[Refusal.RETRY]) from error
        except Error as error:
            self._client.disconnect()
            raise self._translated(error) from error
        return found if isinstance(found, list) else []

    def _translated(self, error: Error) -> EarshotError:
        refusal = classify(error.code)
        first_line = str(error.message).partition("\n")[0].partition("Stack trace")[0].strip()
        message = f"{self._name}: {first_line} (code {error.code})"
        if refusal is Refusal.RETRY:
            return Unavailable(message, remedy=REMEDIES[refusal])
        return Refused(message, refusal)
