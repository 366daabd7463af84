"""SHELL: what Prometheus and a supervisor ask a process over HTTP: `/metrics`, and `/readyz` (200, or 503 with reasons)."""

from collections.abc import Callable, Iterable
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import make_wsgi_app

from schemas.errors import UsageError
from schemas.settings import Settings

POLL_S = 0.05


class Readiness:
    """Why this process is not ready, by name; ready when there is nothing. Any thread may tell and ask."""

    def __init__(self) -> None:
        self._faults: dict[str, str] = {}

    def fault(self, name: str, reason: str) -> None:
        """Not ready because of `name` from now on; the reason is for an operator and holds no speech and no secrets."""
        self._faults = {**self._faults, name: reason}

    def mended(self, name: str) -> None:
        self._faults = {known: reason for known, reason in self._faults.items() if known != name}

    @property
    def faults(self) -> dict[str, str]:
        return self._faults


class Server:
    """Answers on `EARSHOT_METRICS_HOST`:`EARSHOT_METRICS_PORT` from a thread of its own, until the process ends."""

    def __init__(self, host: str, port: int, readiness: Readiness) -> None:
        self._metrics = make_wsgi_app()
        self._readiness = readiness
        self._server = make_server(host, port, self._answer, handler_class=_Quiet)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(POLL_S,), name="health", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/readyz":
            return _ready(self._readiness.faults, start_response)
        answer: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = self._metrics
        return answer(environ, start_response)


def serve(settings: Settings, readiness: Readiness) -> Server | None:
    """Start answering, unless the port is 0; raises UsageError when somebody else has it."""
    if not settings.metrics_port:
        return None
    try:
        return Server(settings.metrics_host, settings.metrics_port, readiness)
    except OSError as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        raise UsageError(
            f"metrics cannot be served at {where}: {error.strerror}",
            remedy="set EARSHOT_METRICS_PORT to a free port, or to 0 for none",
        ) from error


def _ready(faults: dict[str, str], start_response: StartResponse) -> Iterable[bytes]:
    lines = [f"{name}: {reason}" for name, reason in faults.items()] or ["ready"]
    start_response("503 Service Unavailable" if faults else "200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [("\n".join(lines) + "\n").encode()]


class _Quiet(WSGIRequestHandler):
    """A probe a second is no event."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
