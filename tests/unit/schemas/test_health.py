"""What a process answers to Prometheus and to a supervisor."""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from schemas.errors import UsageError
from schemas.health import Readiness, Server, serve
from schemas.settings import Settings
from schemas.telemetry import TURNS_SETTLED


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def server(readiness: Readiness) -> Iterator[Server]:
    server = Server("127.0.0.1", 0, readiness)
    yield server
    server.close()


def asked(server: Server, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_metrics_are_prometheus_text(server: Server) -> None:
    """Every metric of schemas/telemetry.py is there by its name."""
    status, text = asked(server, "/metrics")
    assert status == HTTPStatus.OK
    assert str(TURNS_SETTLED.describe()[0].name) in text


def test_ready_until_a_fault_is_told(server: Server, readiness: Readiness) -> None:
    """A fault makes it 503 and is named; mended, it is ready again."""
    assert asked(server, "/readyz") == (HTTPStatus.OK, "ready\n")
    readiness.fault("turns", "the table has no such column")
    readiness.fault("lag", "ten minutes behind")
    readiness.mended("lag")
    assert asked(server, "/readyz") == (HTTPStatus.SERVICE_UNAVAILABLE, "turns: the table has no such column\n")
    readiness.mended("turns")
    assert asked(server, "/readyz")[0] == HTTPStatus.OK


def test_nothing_is_served_without_a_port(readiness: Readiness) -> None:
    """The default: many processes on one laptop."""
    assert serve(Settings(metrics_port=0), readiness) is None


def test_a_taken_port_is_named(server: Server, readiness: Readiness) -> None:
    """The setting to change is in the error."""
    with pytest.raises(UsageError) as caught:
        serve(Settings(metrics_port=server.port), readiness)
    assert str(server.port) in caught.value.message
    assert "EARSHOT_METRICS_PORT" in caught.value.remedy
