"""How a sink is, over HTTP: /livez and /readyz for an orchestrator, /metrics for Prometheus.

Live: it made progress within the last two minutes. Ready: it has no fault to report. Both answer 503 otherwise, with the reasons
as text. Served from a thread of its own, so a sink that hangs is seen to.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from schemas.errors import UsageError
from schemas.timebase import Clock, SystemClock

STALE_US = 120_000_000
TEXT = "text/plain; charset=utf-8"
OK, NOT_FOUND, UNAVAILABLE = 200, 404, 503
Answer = tuple[int, str, bytes]


class Health:
    """What the sink last said of itself; `serve` makes it known."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._faults: list[str] = ["starting"]
        self._told_at_us = self._clock.now_us()

    def tell(self, faults: list[str], now_us: int) -> None:
        """Progress was made, and these faults stand in the way of being ready."""
        self._faults, self._told_at_us = faults, now_us

    def serve(self, host: str, port: int) -> None:
        """Listen until the process ends; raises UsageError when the port is taken."""
        health = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:
                status, kind, body = health.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Every probe would be a line."""

        try:
            server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}:{port}: {error.strerror}", remedy="set EARSHOT_HEALTH_PORT to a free port"
            ) from error
        Thread(target=server.serve_forever, name="health", daemon=True).start()

    def answer(self, path: str) -> Answer:
        """Status, content type and body for a path."""
        if path == "/metrics":
            return OK, CONTENT_TYPE_LATEST, generate_latest()
        if path == "/livez":
            silent_us = self._clock.now_us() - self._told_at_us
            return _verdict([f"no progress for {silent_us / 1e6:.0f} s"] if silent_us > STALE_US else [])
        if path == "/readyz":
            return _verdict(self._faults)
        return NOT_FOUND, TEXT, b"/livez, /readyz, /metrics\n"


def _verdict(faults: list[str]) -> Answer:
    return UNAVAILABLE if faults else OK, TEXT, ("\n".join(faults) or "ok").encode() + b"\n"
