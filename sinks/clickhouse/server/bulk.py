"""Frames to ClickHouse as Arrow over HTTP: the server takes them apart, so this process has hardly any work with a row.

What goes wrong leaves as the native client's own errors, so that one place says what an error means.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from clickhouse_driver.errors import ServerException

from schemas.settings import ClickHouseSettings
from sinks.clickhouse.server.config import ca_file_of

SENT = "http11.send_request_body.complete"
CODE_HEADER = "X-ClickHouse-Exception-Code"
CODE = re.compile(r"Code: (\d+)")
LONGEST_ERROR = 4_000


class Bulk:
    """One connection, for one thread; it opens with the first insert, and again after an error."""

    def __init__(self, settings: ClickHouseSettings, on_sent: Callable[[], None]) -> None:
        scheme = "https" if settings.clickhouse_secure else "http"
        password = settings.clickhouse_password.get_secret_value()
        self._on_sent = on_sent
        self._client = httpx.Client(
            base_url=f"{scheme}://{settings.clickhouse_host}:{settings.clickhouse_http_port}",
            headers={
                "X-ClickHouse-User": settings.clickhouse_user,
                **({"X-ClickHouse-Key": password} if password else {}),
            },
            timeout=httpx.Timeout(settings.clickhouse_timeout_s, connect=min(settings.startup_timeout_s, 10.0)),
            verify=_trust(settings),
            trust_env=False,
        )

    def insert(self, into: str, arrow: bytes, settings: Mapping[str, object]) -> None:
        """Insert an Arrow stream; `into` is `table (columns)`. Raises ServerException, or ConnectionError: may be in or not."""
        query = {"query": f"INSERT INTO {into} FORMAT ArrowStream", "wait_end_of_query": "1"}
        self._post(query | {name: str(value) for name, value in settings.items()}, arrow, {"trace": self._trace})

    def ask(self) -> None:
        """Ask for nothing; raises as `insert` does."""
        self._post({"query": "SELECT 1"}, b"", {})

    def _post(self, query: Mapping[str, str], content: bytes, extensions: dict[str, Any]) -> None:
        try:
            answer = self._client.post("/", params=query, content=content, extensions=extensions)
        except httpx.TransportError as error:
            raise ConnectionError(type(error).__name__) from error
        if not answer.is_success:
            raise _refused(answer)

    def close(self) -> None:
        self._client.close()

    def _trace(self, event: str, _: object) -> None:
        if event == SENT:
            self._on_sent()


def _refused(answer: httpx.Response) -> ServerException:
    text = answer.text[:LONGEST_ERROR]
    found = CODE.search(text)
    code = answer.headers.get(CODE_HEADER) or (found[1] if found else 0)
    return ServerException(text, int(code))


def _trust(settings: ClickHouseSettings) -> ssl.SSLContext | bool:
    if not settings.clickhouse_secure:
        return False
    if not settings.clickhouse_verify:
        return False
    file = ca_file_of(settings)
    return ssl.create_default_context(cafile=file) if file else True
