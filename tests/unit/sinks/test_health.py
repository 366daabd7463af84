"""What a sink says of itself over HTTP."""

import pytest

from infra.local.ports import free_ports
from schemas.errors import UsageError
from schemas.telemetry import LAG
from sinks.health import STALE_US, Health


class StandingClock:
    """A clock that is set."""

    now = 1_000

    def now_us(self) -> int:
        return self.now

    def monotonic_ms(self) -> float:
        return self.now / 1000


def test_ready_is_red_with_the_reasons_and_live_is_red_without_progress() -> None:
    """Not ready before the first round; faults line by line; a sink that hangs is not live."""
    clock = StandingClock()
    health = Health(clock)
    assert health.answer("/readyz")[0] == 503
    health.tell([], clock.now_us())
    assert health.answer("/readyz") == (200, "text/plain; charset=utf-8", b"ok\n")
    health.tell(["table turns is stopped: no column", "another"], clock.now_us())
    assert health.answer("/readyz")[::2] == (503, b"table turns is stopped: no column\nanother\n")
    assert health.answer("/livez")[0] == 200
    clock.now += STALE_US + 1
    assert health.answer("/livez")[::2] == (503, b"no progress for 120 s\n")


def test_metrics_are_there_and_nothing_else_is() -> None:
    """Prometheus text; an unknown path says which there are."""
    LAG.labels("probe", "no.topic").set(1)
    status, kind, body = Health().answer("/metrics")
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    assert f"{LAG._name}{{".encode() in body
    assert Health().answer("/")[::2] == (404, b"/livez, /readyz, /metrics\n")


def test_a_port_that_is_taken_is_said() -> None:
    """With the setting that moves it."""
    [port] = free_ports(1)
    Health().serve("127.0.0.1", port)
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}") as refused:
        Health().serve("127.0.0.1", port)
    assert "EARSHOT_HEALTH_PORT" in refused.value.remedy
